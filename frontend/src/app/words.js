let words = null;

/** A text of the page's language: from the data block `words` that the base template writes. */
export function say(key, values = {}) {
  words ??= JSON.parse(document.getElementById("words")?.textContent ?? "{}");
  return (words[key] ?? key).replace(/%\((\w+)\)s/g, (_all, name) => values[name] ?? "");
}

/** A rule of the catalogue by its code, anything else by its word. */
export function ruleWord(code, named = (rule) => rule) {
  const key = `rule_${code.toLowerCase()}`, word = say(key);
  return word === key ? named(code) : word;
}
