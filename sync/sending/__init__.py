"""上报 — delivering a built batch, and believing nothing but the centre's signed receipt."""
