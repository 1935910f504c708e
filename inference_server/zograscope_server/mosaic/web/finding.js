// What the page computes without a browser: which tile lies where, which descriptions hold some
// words, what an address means. Positions are pixels of the whole mosaic, y down.
"use strict";

const FIELDS = ["name", "title", "date", "creator", "rights", "link", "picture", "more"];

/** Text without capitals and accents, so that "Genève" is found by "geneve". */
function fold(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

/** The address if it leads to a web page, otherwise null: descriptions come from anywhere. */
function webAddress(text) {
  try {
    const address = new URL(text);
    return /^https?:$/.test(address.protocol) ? address.href : null;
  } catch {
    return null;
  }
}

/** The tiles of a mosaic, which may arrive in any number of portions. */
class Tiles {
  /** cell: side of the squares that tiles are sorted into; about a tile's size is best. */
  constructor(cell) {
    this.cell = cell;
    this.boxes = [];
    this.records = [];
    this.words = [];
    this.cells = new Map();
  }

  get count() {
    return this.records.length;
  }

  /** boxes: left, top, right, bottom of each tile in turn; records: their values of FIELDS. */
  add(boxes, records) {
    for (let i = 0; i < records.length; i++) {
      const number = this.records.length;
      const box = boxes.slice(4 * i, 4 * i + 4);
      this.boxes.push(box);
      this.records.push(records[i]);
      this.words.push(fold(records[i].flat(2).join("\n")));
      for (const key of this.#keys(box)) {
        if (!this.cells.has(key)) this.cells.set(key, []);
        this.cells.get(key).push(number);
      }
    }
  }

  box(number) {
    return this.boxes[number];
  }

  /** A tile's description: an object with the FIELDS; "more" holds pairs of name and value. */
  describe(number) {
    return Object.fromEntries(FIELDS.map((field, i) => [field, this.records[number][i]]));
  }

  /** The number of the topmost tile at a position, or -1. */
  at(x, y) {
    const key = this.#key(Math.floor(x / this.cell), Math.floor(y / this.cell));
    return (this.cells.get(key) ?? []).findLast((number) => {
      const [left, top, right, bottom] = this.boxes[number];
      return left <= x && x < right && top <= y && y < bottom;
    }) ?? -1;
  }

  /** The tiles whose descriptions hold every word, in reading order; none for no words. */
  search(text) {
    const words = fold(text).split(/\s+/).filter(Boolean);
    if (!words.length) return [];
    const row = (number) => Math.floor(this.boxes[number][1] / this.cell);
    return [...this.words.keys()]
      .filter((number) => words.every((word) => this.words[number].includes(word)))
      .sort((a, b) => row(a) - row(b) || this.boxes[a][0] - this.boxes[b][0]);
  }

  #key(column, row) {
    return column * 4194304 + row;
  }

  *#keys([left, top, right, bottom]) {
    const end = (side) => Math.floor((side - 1) / this.cell);
    for (let column = Math.floor(left / this.cell); column <= end(right); column++)
      for (let row = Math.floor(top / this.cell); row <= end(bottom); row++)
        yield this.#key(column, row);
  }
}

/** Of rectangles in order of importance, whether each stays clear of those shown before it. */
function withoutOverlap(rectangles) {
  const shown = [];
  return rectangles.map((a) => {
    const free = shown.every(
      (b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top);
    if (free) shown.push(a);
    return free;
  });
}

/** The end of an address, "#zoom/x/y" or "#zoom/x/y/tile". */
function writePlace({ zoom, x, y, tile }) {
  const place = [Number(zoom.toFixed(2)), Math.round(x), Math.round(y)];
  if (tile >= 0) place.push(tile);
  return "#" + place.join("/");
}

/** The place that `writePlace` wrote, or null. */
function readPlace(hash) {
  const numbers = hash.replace(/^#/, "").split("/").map((part) => (part ? Number(part) : NaN));
  if (numbers.length < 3 || numbers.length > 4 || !numbers.every(Number.isFinite)) return null;
  const [zoom, x, y, tile = -1] = numbers;
  return { zoom, x, y, tile: Number.isInteger(tile) ? tile : -1 };
}

if (typeof module !== "undefined") {
  module.exports = { Tiles, fold, webAddress, withoutOverlap, writePlace, readPlace };
}
