// Typing into a cell: one input, with a list below it where the column has one.
import { make } from "../app/dom.js";
import { say } from "../app/words.js";

const WAIT = 180;
let lists = 0;

/** The list below a cell. Follows the input; nothing of it takes the focus. */
class Suggestions {
  constructor(input, { suggest, more, take }) {
    Object.assign(this, { input, suggest, more, take, items: [], active: -1, moved: false });
    this.id = `suggestions-${++lists}`;
    this.element = make("ul", { class: "g-list", role: "listbox", id: this.id });
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-controls", this.id);
    input.setAttribute("aria-expanded", "true");
    document.body.append(this.element);
    this.place();
  }

  place() {
    const box = this.input.getBoundingClientRect();
    const below = innerHeight - box.bottom > 240;
    Object.assign(this.element.style, {
      left: `${box.left}px`,
      minWidth: `${box.width}px`,
      top: below ? `${box.bottom}px` : "auto",
      bottom: below ? "auto" : `${innerHeight - box.top}px`,
    });
  }

  show(text) {
    this.items = this.suggest(text);
    this.active = text && this.items.length ? 0 : -1;
    this.moved = false;
    this.draw(text);
    clearTimeout(this.timer);
    if (this.more && text) {
      this.timer = setTimeout(async () => {
        await this.more(text);
        if (this.element.isConnected && this.input.value === text && !this.moved) {
          this.items = this.suggest(text);
          this.active = this.items.length ? 0 : -1;
          this.draw(text);
        }
      }, WAIT);
    }
  }

  draw(text) {
    const options = this.items.map((item, n) =>
      make(
        "li",
        { role: "option", id: `${this.id}-${n}`, "aria-selected": String(n === this.active), class: n === this.active ? "on" : null,
          onmousedown: (event) => { event.preventDefault(); this.take(item.value); } },
        item.code ? make("span", { class: "code" }, item.code) : null, item.label,
        item.hint ? make("span", { class: "m s" }, item.hint) : null,
      ),
    );
    this.element.replaceChildren(...options);
    if (!options.length && text && !this.more) this.element.append(make("li", { class: "m" }, say("nothing_fits")));
    this.element.hidden = !this.element.children.length;
    this.input.setAttribute("aria-activedescendant", this.active >= 0 ? `${this.id}-${this.active}` : "");
    this.element.querySelector(".on")?.scrollIntoView({ block: "nearest" });
  }

  move(step) {
    if (!this.items.length) return;
    this.moved = true;
    this.active = (this.active + step + this.items.length) % this.items.length;
    this.draw(this.input.value);
  }

  /** The item Enter takes: the marked one, if the person moved to it or typed a part of it. */
  chosen() {
    return this.active >= 0 ? this.items[this.active] : null;
  }

  close() {
    clearTimeout(this.timer);
    this.element.remove();
  }
}

/** A Tabulator editor. `start.text` is what was typed to open it; `commit(value, {rows, columns})` takes the value and moves on. */
export function cellEditor({ column, start, commit, more }) {
  return (cell, onRendered, _success, cancel) => {
    const { kind } = column;
    const typed = start.text;
    start.text = null;
    const input = make("input", { class: `g-edit${kind.figures ? " n" : ""}`, "aria-label": column.title, autocomplete: "off", spellcheck: "false" });
    input.value = typed ?? kind.text(cell.getValue());
    const before = input.value;
    let list = null;
    let done = false;

    const finish = (value, move) => {
      if (done) return;
      done = true;
      list?.close();
      cancel();
      commit(cell, value, move);
    };
    const read = () => {
      if (typed === null && input.value === before) return cell.getValue();
      const item = list?.chosen();
      return item && (list.moved || input.value) && exact(kind, input.value, item) ? item.value : kind.read(input.value);
    };
    const stop = () => {
      done = true;
      list?.close();
      cancel();
    };

    input.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      const move = { Enter: { rows: event.shiftKey ? -1 : 1 }, Tab: { columns: event.shiftKey ? -1 : 1 } }[event.key];
      if (move) finish(read(), move);
      else if (event.key === "Escape") stop();
      else if (list && event.key === "ArrowDown") list.move(1);
      else if (list && event.key === "ArrowUp") list.move(-1);
      else if (event.key === "F2" || event.key === "F8") event.stopPropagation();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    input.addEventListener("input", () => list?.show(input.value));
    input.addEventListener("blur", () => finish(read()));
    onRendered(() => {
      input.focus();
      if (typed === null) input.select();
      if (kind.suggest) {
        list = new Suggestions(input, { suggest: kind.suggest, more, take: (value) => finish(value, { rows: 1 }) });
        list.show(typed ?? "");
      }
    });
    return input;
  };
}

/** Is what was typed a part of the marked item? Then Enter means the item. */
function exact(kind, text, item) {
  const part = text.normalize("NFKC").trim().toLowerCase();
  return part !== "" && (item.label.toLowerCase().includes(part) || item.code.toLowerCase().startsWith(part) || String(item.value).toLowerCase().startsWith(part));
}
