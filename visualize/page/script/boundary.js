// The plane of a model's two features: the class that it gives each point, computed again whenever a
// leaf changes, and the samples over it.

const HUES = [[0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167], [230, 159, 0], [86, 180, 233]]; // Okabe and Ito
const MARKS = ["M-4,0a4,4 0 1 0 8,0a4,4 0 1 0 -8,0", "M-4,-4h8v8h-8z", "M0,-5L5,4H-5z", "M0,-5.5L4.5,0L0,5.5L-4.5,0z"];
const LINE = [125, 130, 138]; // between two classes, on light and on dark
const WORK = 400_000; // nodes that are computed for one picture, at most
const SIDE = 300; // points of the picture's sides, and pixels of its colours
const MARGIN = { left: 44, bottom: 30 };

class Boundary {
  constructor({ program, inputs, scores, follows, points, classes, ranges }) {
    Object.assign(this, { inputs, scores, follows, points, classes, ranges });
    this.engine = new Engine(program);
    this.size = Math.max(12, Math.min(60, Math.floor(Math.sqrt(WORK / this.engine.n))));
    this.section = this.made();
    this.update();
  }

  /** [class, by how much it wins over the others] at a point; of equals the first class wins, of nan none. */
  at(x0, x1) {
    const { engine, inputs, scores } = this;
    const { data } = engine;
    [x0, x1].forEach((x, k) => { if (inputs[k] >= 0) data[inputs[k]] = x; });
    engine.forward();
    const found = scores.map((node) => data[node]);
    if (found.some(Number.isNaN)) return [-1, NaN]; // no class
    if (found.length === 1) return [found[0] > 0 ? 1 : 0, Math.abs(found[0])];
    const [most, next] = found.slice().sort((a, b) => b - a);
    return [found.indexOf(most), most - next];
  }

  /** Compute all again, with the numbers that the leaves have now. */
  update() {
    if (LAB) for (const [mine, theirs] of this.follows) this.engine.data[mine] = LAB.number(theirs);
    this.paint();
    const right = this.points.filter(([x0, x1, k]) => this.at(x0, x1)[0] === k).length;
    this.says.textContent = `${right} of ${plural(this.points.length, "sample")} on the side of their class`;
  }

  paint() {
    const { size, ranges: [[left, right], [low, high]], scores } = this;
    const n = scores.length === 1 ? 2 : scores.length;
    // How far each class is ahead of the best other, at each crossing of a grid.
    const ahead = Array.from({ length: n }, () => new Float64Array(size * size));
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        const [k, margin] = this.at(left + (right - left) * column / (size - 1), high - (high - low) * row / (size - 1));
        for (let j = 0; j < n; j++) ahead[j][row * size + column] = j === k ? margin : -margin;
      }
    }
    const pixels = this.context.createImageData(SIDE, SIDE);
    const step = (size - 1) / (SIDE - 1);
    const winners = new Int8Array(SIDE * SIDE);
    for (let y = 0, p = 0; y < SIDE; y++) {
      const row = Math.min(size - 2, Math.floor(y * step)), v = y * step - row;
      for (let x = 0; x < SIDE; x++, p += 4) {
        const column = Math.min(size - 2, Math.floor(x * step)), u = x * step - column;
        const i = row * size + column;
        let best = -1, most = -Infinity;
        for (let k = 0; k < n; k++) {
          const a = ahead[k];
          const between = (1 - v) * ((1 - u) * a[i] + u * a[i + 1]) + v * ((1 - u) * a[i + size] + u * a[i + size + 1]);
          if (between > most) [best, most] = [k, between];
        }
        const at = y * SIDE + x;
        winners[at] = best;
        if (best < 0) continue; // where a score is no number
        const border = (x > 0 && winners[at - 1] !== best) || (y > 0 && winners[at - SIDE] !== best);
        pixels.data.set(border ? LINE : HUES[best % HUES.length], p);
        pixels.data[p + 3] = border ? 255 : 40 + 110 * Math.tanh(Math.max(0, most));
      }
    }
    this.context.putImageData(pixels, 0, 0);
  }

  made() {
    const section = element("section", "", "panel boundary");
    section.setAttribute("aria-label", "Decision boundary");
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = SIDE;
    canvas.setAttribute("aria-hidden", "true");
    this.context = canvas.getContext("2d", { willReadFrequently: true }); // it is written by hand
    const plane = element("div", "", "plane");
    plane.append(canvas, this.overlay());
    this.says = element("p", "", "hint");
    section.append(element("h2", "Decision boundary"), plane, this.legend(), this.says);
    $("details").before(section);
    return section;
  }

  mark(k, x, y) {
    return drawn("path", {
      d: MARKS[k % MARKS.length], transform: `translate(${x},${y})`, fill: `rgb(${HUES[k % HUES.length]})`, class: "sample",
    });
  }

  legend() {
    const words = this.classes.map(([k, name]) => {
      const svg = drawn("svg", { viewBox: "-7 -7 14 14", width: 14, height: 14, "aria-hidden": "true" });
      svg.append(this.mark(k, 0, 0));
      const word = element("span", "");
      word.append(svg, ` ${name}`);
      return word;
    });
    const made = element("p", "class", "row");
    made.append(...words);
    return made;
  }

  /** The samples, and the axes with the numbers of their ends. */
  overlay() {
    const [[left, right], [low, high]] = this.ranges;
    const svg = drawn("svg", {
      viewBox: `${-MARGIN.left} 0 ${SIDE + MARGIN.left} ${SIDE + MARGIN.bottom}`, role: "img",
      "aria-label": `The plane of x0, from ${writeAs(left, ".3g")} to ${writeAs(right, ".3g")}, and x1, from ` +
        `${writeAs(low, ".3g")} to ${writeAs(high, ".3g")}, with ${plural(this.points.length, "sample")}`,
    });
    for (const [x0, x1, k] of this.points) {
      svg.append(this.mark(k, SIDE * (x0 - left) / (right - left), SIDE * (high - x1) / (high - low)));
    }
    const say = (x, y, anchor, text) => svg.append(drawn("text", { x, y, "text-anchor": anchor }, text));
    say(-6, 12, "end", writeAs(high, ".2g"));
    say(-6, SIDE, "end", writeAs(low, ".2g"));
    say(-6, SIDE / 2, "end", "x1");
    say(0, SIDE + 18, "start", writeAs(left, ".2g"));
    say(SIDE, SIDE + 18, "end", writeAs(right, ".2g"));
    say(SIDE / 2, SIDE + 18, "middle", "x0");
    return svg;
  }
}

const boundary = new Boundary(DATA.boundary);
if (LAB) LAB.listeners.push(() => boundary.update());
