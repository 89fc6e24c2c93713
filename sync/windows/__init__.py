"""上报窗口 — rows ahead of time, run by the ticker however long the machine was off (art. 13)."""
