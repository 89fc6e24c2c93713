// Tabs of a side panel: links to #ids of sections. Without script all sections stand below each other.

const targets = (tabs) => [...tabs.querySelectorAll('a[href^="#"]')].map((tab) => [tab, document.getElementById(tab.hash.slice(1))]);

function open(tabs, chosen) {
  for (const [tab, section] of targets(tabs)) {
    if (!section) continue;
    const here = tab === chosen;
    tab.setAttribute("aria-selected", String(here));
    section.hidden = !here;
  }
}

export function panels(root) {
  for (const tabs of root.querySelectorAll("[data-tabs]")) {
    open(tabs, tabs.querySelector('a.on[href^="#"]') ?? tabs.querySelector('a[href^="#"]'));
    tabs.addEventListener("click", (event) => {
      const tab = event.target.closest('a[href^="#"]');
      if (!tab) return;
      event.preventDefault();
      open(tabs, tab);
    });
  }
  root.addEventListener("povfund:panel", (event) => {
    for (const tabs of root.querySelectorAll("[data-tabs]")) {
      const found = targets(tabs).find(([, section]) => section?.contains(event.detail.element));
      if (found) open(tabs, found[0]);
    }
  });
}

/** A link to a folded part of the page unfolds it. */
export function folds(root) {
  root.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    const part = link && document.getElementById(link.hash.slice(1));
    if (part instanceof HTMLDetailsElement) part.open = true;
  });
}
