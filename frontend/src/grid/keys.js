// The keys of a spreadsheet, while no cell is being typed into.
import { showHelp } from "../app/keyboard.js";

const PAGE = 15;

export function gridKeys({ element, view, deeds, submit, nextProblem, leave }) {
  const plain = {
    Enter: (event) => view.move({ rows: event.shiftKey ? -1 : 1 }),
    Tab: (event) => view.move({ columns: event.shiftKey ? -1 : 1 }),
    F2: () => view.edit(),
    Delete: () => deeds.clear(),
    Backspace: () => deeds.clear(),
    Home: () => jump({ column: 0 }),
    End: () => jump({ column: Infinity }),
    PageDown: () => view.move({ rows: PAGE }),
    PageUp: () => view.move({ rows: -PAGE }),
    Escape: () => leave(),
    F1: () => showHelp(`lines-${view.active()?.field}`),
  };
  const withControl = {
    d: () => deeds.fill(),
    z: (event) => (event.shiftKey ? deeds.redo() : deeds.undo()),
    y: () => deeds.redo(),
    home: () => view.selectAt(0, 0),
    end: () => view.selectAt(Math.max(view.store.filled().length - 1, 0), Infinity),
  };

  function jump({ column }) {
    const area = view.area();
    if (area) view.selectAt(area.top, column);
  }

  /** Ctrl+Enter submits as everywhere on the page, with what stands in an open cell; Tabulator would open the cell. */
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    if (view.editing) document.activeElement.blur();
    submit();
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);

  element.addEventListener("keydown", (event) => {
    if (event.target.closest("input, textarea, select") || event.isComposing) return;
    const control = event.ctrlKey || event.metaKey;
    const act = control ? withControl[event.key.toLowerCase()] : event.altKey ? null : plain[event.key];
    if (act && !(view.readonly && /^(Delete|Backspace|F2)$/.test(event.key))) {
      act(event);
      event.preventDefault();
      event.stopPropagation();
    } else if (!control && !event.altKey && (event.key === "Process" || event.keyCode === 229)) {
      view.edit("");
      event.stopPropagation();
    } else if (!control && !event.altKey && event.key.length === 1) {
      view.edit(event.key);
      event.preventDefault();
      event.stopPropagation();
    }
  }, true);

  const inGrid = (event) => element.contains(document.activeElement) && !event.target.closest?.("input, textarea");
  document.addEventListener("copy", (event) => {
    if (!inGrid(event)) return;
    event.clipboardData.setData("text/plain", deeds.copy());
    event.preventDefault();
  });
  document.addEventListener("paste", (event) => {
    if (!inGrid(event) || view.readonly) return;
    deeds.paste(event.clipboardData.getData("text/plain"));
    event.preventDefault();
  });
  document.addEventListener("cut", (event) => {
    if (!inGrid(event) || view.readonly) return;
    event.clipboardData.setData("text/plain", deeds.copy());
    deeds.clear();
    event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "F8") return;
    nextProblem();
    event.preventDefault();
  });
}
