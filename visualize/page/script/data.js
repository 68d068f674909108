"use strict";
// One page, several views: the whole graph, and each box that can be opened. A view is walked
// through forward and then backward; every number shown is computed here from the local partials,
// in the order in which the engine adds.

const DATA = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const number = (x) => (typeof x === "string" ? Number(x) : x); // JSON has no nan and no inf
