// What is known of divisions in this page: the usual recipients, and everything the server answered.

const MOST = 20;

export class DivisionBook {
  constructor({ url, usual = [] }) {
    this.url = url;
    this.usual = usual;
    this.known = new Map(usual.map((division) => [division.code, division]));
    this.asked = new Set();
    this.answers = new Map();
  }

  add(divisions) {
    for (const { code, name, path = [] } of divisions) if (!this.known.has(code)) this.known.set(code, { code, name, path });
  }

  byCode(code) {
    const division = this.known.get(code);
    return division ? [division] : [];
  }

  /** Divisions of this name; a usual recipient wins over namesakes elsewhere. */
  byName(name) {
    const usual = this.usual.filter((division) => division.name === name);
    return usual.length ? usual : [...this.known.values()].filter((division) => division.name === name);
  }

  /** Was the server asked about this text already? */
  knows(text) {
    return this.asked.has(text);
  }

  suggest(text) {
    const fits = ({ code, name }) => !text || code.startsWith(text) || name.includes(text);
    const all = [...this.usual.filter(fits), ...[...this.known.values()].filter((d) => !this.usual.includes(d) && text && fits(d))];
    return all.slice(0, MOST).map((division) => ({
      value: division, label: division.name, code: division.code, hint: (division.path ?? []).slice(-2).join(" "),
    }));
  }

  /** Ask the server for names or codes that fit `text`; remembers what it answered. */
  async ask(text) {
    const key = text.normalize("NFKC").trim();
    if (!key || !this.url) return;
    if (!this.answers.has(key)) {
      this.answers.set(key, this.fetch(key).catch(() => this.answers.delete(key)));
    }
    await this.answers.get(key);
  }

  async fetch(text) {
    const search = /^\d{6}/.test(text) ? text.slice(0, 12).match(/^\w+/)[0] : text;
    const address = new URL(this.url, location.href);
    address.searchParams.set("search", search);
    address.searchParams.set("page_size", String(MOST));
    const response = await fetch(address, { headers: { accept: "application/json" }, credentials: "same-origin" });
    if (!response.ok) throw new Error(String(response.status));
    this.add((await response.json()).results);
    this.asked.add(text);
  }
}
