// Two versions of the lines beside each other: which cells differ, and which lines only one of them has.

/**
 * Differences between `theirs` and `mine`, lines as they are posted: {n, field, theirs, yours}, in the order of the lines.
 * `places` are the numbers of mine in the grid; a line of one side alone comes whole, with `field` null and the other side null.
 */
export function differences(theirs, mine, { fields, places }) {
  const left = [...theirs];
  const pairs = mine.map((line, m) => ({ line, n: places[m], other: taken(left, ({ uid }) => uid && uid === line.uid) }));
  for (const pair of pairs) pair.other ??= pair.line.uid ? null : taken(left, (other) => fields.every((field) => same(other[field], pair.line[field])));
  const ours = pairs.flatMap(({ line, n, other }) => {
    if (!other) return [{ n, field: null, theirs: null, yours: line }];
    return fields.filter((field) => !same(other[field], line[field])).map((field) => ({ n, field, theirs: other[field], yours: line[field] }));
  });
  const alone = left.map((line) => ({ n: line.n ?? theirs.indexOf(line) + 1, field: null, theirs: line, yours: null }));
  return [...ours, ...alone].sort((one, other) => one.n - other.n);
}

/** The first of a list that fits, taken out of it; null where none does. */
function taken(list, fits) {
  const at = list.findIndex(fits);
  return at < 0 ? null : list.splice(at, 1)[0];
}

const plain = (value) => (value !== null && typeof value === "object" ? `typed ${value.typed}` : (value ?? ""));
const same = (one, other) => plain(one) === plain(other);
