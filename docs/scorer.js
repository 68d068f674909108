// How results of the site's search are ordered: Sphinx's own numbers, but a page or section whose title
// is asked for comes first. Two words of a title on any page counted for more.
var Scorer = {
  score: ([, , , , score, , kind]) => (kind === "title" ? score + 30 : score),
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
