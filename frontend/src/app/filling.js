// A choice that proposes the value of another field: <select data-fills="amount"> with <option data-fill="593.50">.

export function filling(root) {
  for (const choice of root.querySelectorAll("select[data-fills]")) {
    const field = choice.form?.elements[choice.dataset.fills];
    if (!field) continue;
    const proposal = () => choice.selectedOptions[0]?.dataset.fill ?? "";
    let proposed = proposal();
    choice.addEventListener("change", () => {
      if (field.value.trim() === "" || field.value === proposed) field.value = proposal();
      proposed = proposal();
    });
  }
}
