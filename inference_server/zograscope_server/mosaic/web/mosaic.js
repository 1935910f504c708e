// The page itself: a Leaflet map of the mosaic, a search field, a panel for the chosen picture.
// Descriptions come from anywhere, so they only ever reach the page as text.
"use strict";

const BEYOND_PIXELS = 2; // zoom levels past the pyramid's own
const LARGEST_LABELLED_TILE = 150; // pixels on the screen; nearer than that, labels are in the way
const WIDE = matchMedia("(min-width: 720px)");
const STILL = matchMedia("(prefers-reduced-motion: reduce)");

const byId = (id) => document.getElementById(id);
let page; // set once data/overview.js calls mosaicOverview

/** Called by data/overview.js. */
function mosaicOverview(overview) {
  page = new Page(overview);
  page.loadDescriptions();
}

/** Called by each data/tiles-*.js. */
function mosaicTiles(boxes, records) {
  page.tiles.add(boxes, records);
}

/** Dims what was not found, and frames the chosen tile: one canvas, however many tiles there are. */
const Marks = L.Renderer.extend({
  options: { padding: 0.4 },

  initialize(tiles, toLatLng, options) {
    L.Renderer.prototype.initialize.call(this, options);
    Object.assign(this, { tiles, toLatLng, found: null, chosen: -1 });
  },

  show(found, chosen) {
    Object.assign(this, { found, chosen });
    this._update();
  },

  _initContainer() {
    this._container = document.createElement("canvas");
    this._container.style.pointerEvents = "none";
  },

  _destroyContainer() {
    this._container.remove();
  },

  _updatePaths() {},

  _update() {
    if (!this._map || (this._map._animatingZoom && this._bounds)) return;
    L.Renderer.prototype._update.call(this);
    const { min } = this._bounds;
    const size = this._bounds.getSize();
    const sharpness = Math.min(window.devicePixelRatio || 1, 2);
    const canvas = this._container;
    L.DomUtil.setPosition(canvas, min);
    canvas.width = Math.ceil(size.x * sharpness);
    canvas.height = Math.ceil(size.y * sharpness);
    canvas.style.width = `${size.x}px`;
    canvas.style.height = `${size.y}px`;
    const context = canvas.getContext("2d");
    context.setTransform(sharpness, 0, 0, sharpness, 0, 0);
    if (this.found) this._dim(context, size);
    if (this.chosen >= 0) this._frame(context);
  },

  _screenBox(number) {
    const [left, top, right, bottom] = this.tiles.box(number);
    const { min } = this._bounds;
    const start = this._map.latLngToLayerPoint(this.toLatLng(left, top)).subtract(min);
    const end = this._map.latLngToLayerPoint(this.toLatLng(right, bottom)).subtract(min);
    return [start.x, start.y, Math.max(end.x - start.x, 2), Math.max(end.y - start.y, 2)];
  },

  _dim(context, size) {
    context.fillStyle = "rgb(12 13 15 / 78%)";
    context.fillRect(0, 0, size.x, size.y);
    const boxes = this.found.map((number) => this._screenBox(number))
      .filter(([x, y, w, h]) => x + w > 0 && y + h > 0 && x < size.x && y < size.y);
    for (const box of boxes) context.clearRect(...box);
    context.strokeStyle = "#f2c14e";
    context.lineWidth = 1.5;
    for (const [x, y, w, h] of boxes) if (w > 12) context.strokeRect(x, y, w, h);
  },

  _frame(context) {
    const [x, y, w, h] = this._screenBox(this.chosen);
    context.lineWidth = 5;
    context.strokeStyle = "rgb(12 13 15 / 70%)";
    context.strokeRect(x - 1, y - 1, w + 2, h + 2);
    context.lineWidth = 3;
    context.strokeStyle = "#ffffff";
    context.strokeRect(x - 1, y - 1, w + 2, h + 2);
  },
});

class Page {
  constructor(overview) {
    this.overview = overview;
    this.tiles = new Tiles(overview.cell);
    this.found = null;
    this.chosen = -1;
    this.wanted = -1; // the tile that the address names, until its description is there
    document.documentElement.style.setProperty(
      "--ground", `rgb(${overview.background.join(" ")})`);
    this.makeMap();
    this.makeLabels();
    this.listen();
  }

  makeMap() {
    const { width, height, levels, tileSize } = this.overview;
    this.map = L.map("map", {
      crs: L.CRS.Simple,
      zoomSnap: 0,
      zoomControl: false,
      attributionControl: false,
      maxZoom: levels + BEYOND_PIXELS,
      maxBoundsViscosity: 0.6,
      keyboardPanDelta: 120,
      zoomAnimation: !STILL.matches,
      inertia: !STILL.matches,
    });
    this.bounds = L.latLngBounds(this.toLatLng(0, 0), this.toLatLng(width, height));
    L.control.zoom({ position: "bottomright" }).addTo(this.map);
    this.fitLimits();
    this.goToAddress() || this.goToOverview(false);
    // Taken from one level deeper than needed, since between levels Leaflet would enlarge them.
    L.tileLayer("pyramid/{z}/{y}/{x}.jpg", {
      tileSize: tileSize / 2,
      zoomOffset: 1,
      bounds: this.bounds,
      noWrap: true,
      minZoom: -20,
      minNativeZoom: -1,
      maxNativeZoom: levels - 1,
      maxZoom: levels + BEYOND_PIXELS,
      keepBuffer: 3,
    }).addTo(this.map);
    this.marks = new Marks(this.tiles, (x, y) => this.toLatLng(x, y)).addTo(this.map);
  }

  toLatLng(x, y) {
    return this.map.unproject([x, y], this.overview.levels);
  }

  toPixel(latLng) {
    return this.map.project(latLng, this.overview.levels);
  }

  /** How many screen pixels a typical tile has now. */
  get tileOnScreen() {
    return this.overview.cell * 2 ** (this.map.getZoom() - this.overview.levels);
  }

  /** Where the head and the panel do not cover the map: the margins of its free part. */
  get margins() {
    const free = 16;
    if (!WIDE.matches) {
      const panel = byId("panel").hidden ? 0 : byId("panel").offsetHeight;
      return { paddingTopLeft: [free, byId("head").offsetHeight + 2 * free],
        paddingBottomRight: [free, panel + free] };
    }
    const panel = byId("panel").hidden ? 0 : byId("panel").offsetWidth + free;
    return { paddingTopLeft: [free, free], paddingBottomRight: [panel + free, free] };
  }

  fitLimits() {
    this.map.setMinZoom(this.map.getBoundsZoom(this.bounds, false, L.point(32, 32)) - 0.5);
    this.map.setMaxBounds(this.bounds.pad(0.5));
  }

  /** Show all, either beside the head or below it, wherever the mosaic gets larger. */
  goToOverview(animate = !STILL.matches) {
    const { offsetWidth, offsetHeight, offsetLeft } = byId("head");
    const free = 2 * offsetLeft;
    const size = this.map.getSize();
    const beside = [offsetWidth + free, free];
    const below = [free, offsetHeight + free];
    const scale = ([x, y]) => Math.min((size.x - x - free) / this.overview.width,
      (size.y - y - free) / this.overview.height);
    this.map.fitBounds(this.bounds, {
      paddingTopLeft: scale(beside) > scale(below) ? beside : below,
      paddingBottomRight: [free, free],
      animate,
    });
  }

  goToAddress() {
    const place = readPlace(location.hash);
    if (!place) return false;
    this.map.setView(this.toLatLng(place.x, place.y), place.zoom, { animate: false });
    this.wanted = place.tile;
    this.chooseWanted();
    return true;
  }

  chooseWanted() {
    if (this.wanted < 0 || this.wanted >= this.tiles.count) return;
    this.choose(this.wanted);
    this.wanted = -1;
  }

  goTo(number) {
    const [left, top, right, bottom] = this.tiles.box(number);
    const bounds = L.latLngBounds(this.toLatLng(left, top), this.toLatLng(right, bottom));
    const nearest = Math.max(
      this.map.getZoom(), this.overview.levels + Math.log2(220 / this.overview.cell));
    this.map.flyToBounds(bounds, { ...this.margins, maxZoom: nearest, duration: 0.7,
      animate: !STILL.matches });
  }

  writeAddress() {
    const { x, y } = this.toPixel(this.map.getCenter());
    history.replaceState(null, "",
      writePlace({ zoom: this.map.getZoom(), x, y, tile: this.chosen }));
  }

  // Descriptions

  async loadDescriptions() {
    const { portions, count } = this.overview;
    for (let i = 0; i < portions; i++) {
      try {
        await loadScript(`data/tiles-${String(i).padStart(5, "0")}.js`);
      } catch {
        byId("count").textContent = "Some descriptions are missing: copy the whole folder.";
        return;
      }
      if (this.tiles.count < count) {
        const share = Math.floor((100 * this.tiles.count) / count);
        byId("count").textContent = `Reading descriptions, ${share} %`;
      }
      this.chooseWanted();
    }
    this.search();
  }

  choose(number) {
    this.chosen = number;
    const panel = byId("panel");
    panel.hidden = number < 0;
    document.body.classList.toggle("chosen", number >= 0);
    if (number >= 0) {
      fillPanel(this.tiles.describe(number));
      panel.scrollTop = 0;
    }
    this.marks.show(this.found, this.chosen);
    this.writeAddress();
  }

  // Search

  search() {
    const text = byId("words").value;
    this.found = text.trim() ? this.tiles.search(text) : null;
    this.step = -1;
    byId("steps").hidden = !this.found?.length;
    document.body.classList.toggle("searching", this.found !== null);
    this.marks.show(this.found, this.chosen);
    this.tellFound();
  }

  tellFound() {
    const { count } = this.overview;
    byId("count").textContent = !this.found
      ? counted(count)
      : !this.found.length
        ? "Nothing found"
        : this.step < 0
          ? `${this.found.length.toLocaleString("en")} of ${counted(count)}`
          : `${(this.step + 1).toLocaleString("en")} of ${this.found.length.toLocaleString("en")}`;
  }

  goToMatch(forward) {
    if (!this.found?.length) return;
    const from = this.step < 0 && !forward ? 0 : this.step;
    this.step = (from + (forward ? 1 : -1) + this.found.length) % this.found.length;
    this.choose(this.found[this.step]);
    this.goTo(this.found[this.step]);
    this.tellFound();
  }

  // Labels of clusters

  makeLabels() {
    this.labels = this.overview.labels.map((label) => {
      const text = document.createElement("span");
      text.textContent = label.text;
      const weight = Math.min(1, 1.6 * Math.sqrt(label.count / this.overview.count));
      text.style.setProperty("--weight", weight);
      const icon = L.divIcon({ className: "label", html: text, iconSize: [0, 0] });
      const marker = L.marker(this.toLatLng(label.x, label.y), { icon, keyboard: false });
      const [left, top, right, bottom] = label.box;
      const bounds = L.latLngBounds(this.toLatLng(left, top), this.toLatLng(right, bottom));
      marker.on("click", () =>
        this.map.flyToBounds(bounds, { ...this.margins, duration: 0.8, animate: !STILL.matches }));
      marker.addTo(this.map);
      return { text, marker };
    });
    this.placeLabels();
  }

  placeLabels() {
    const near = this.tileOnScreen > LARGEST_LABELLED_TILE;
    const rectangles = this.labels.map(({ text, marker }) => {
      const { x, y } = this.map.latLngToLayerPoint(marker.getLatLng());
      const [w, h] = [text.offsetWidth / 2 + 12, text.offsetHeight / 2 + 10];
      return { left: x - w, right: x + w, top: y - h, bottom: y + h };
    });
    withoutOverlap(rectangles).forEach((free, i) =>
      this.labels[i].text.classList.toggle("hidden", near || !free));
  }

  // What people do

  listen() {
    const map = this.map;
    const tileAt = (event) => {
      const { x, y } = this.toPixel(event.latlng);
      return this.tiles.at(x, y);
    };
    map.on("click", (event) => {
      this.choose(tileAt(event));
      if (this.chosen >= 0) map.panInside(event.latlng, this.margins);
    });
    map.on("mousemove", (event) =>
      map.getContainer().classList.toggle("over-tile", tileAt(event) >= 0));
    map.on("moveend", () => this.writeAddress());
    map.on("zoomend", () => this.placeLabels());
    map.on("resize", () => this.fitLimits());
    window.addEventListener("hashchange", () => this.goToAddress());
    byId("close").addEventListener("click", () => this.close());
    byId("previous").addEventListener("click", () => this.goToMatch(false));
    byId("search").addEventListener("submit", (event) => {
      event.preventDefault();
      this.searchNow();
      this.goToMatch(true);
    });
    byId("words").addEventListener("input", () => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.searchNow(), 150);
    });
    byId("words").addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.shiftKey) {
        event.preventDefault();
        this.goToMatch(false);
      }
    });
    document.addEventListener("keydown", (event) => this.key(event));
    // The map is focused by a click as well, and needs no frame then.
    document.addEventListener("pointerdown", () => document.body.classList.remove("by-key"));
  }

  /** Search unless that was done for these very words. */
  searchNow() {
    clearTimeout(this.typing);
    const text = byId("words").value;
    if (text !== this.searched) this.search();
    this.searched = text;
  }

  close() {
    this.choose(-1);
    this.map.getContainer().focus({ preventScroll: true });
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    document.body.classList.add("by-key");
    const typing = event.target === byId("words");
    if (event.key === "Escape") {
      if (typing && byId("words").value) byId("words").value = "";
      else this.close();
      this.searchNow();
    } else if (event.key === "/" && !typing) {
      event.preventDefault();
      byId("words").focus();
      byId("words").select();
    } else if (event.key === "0" && !typing) {
      this.goToOverview();
    } else if (event.key === "Enter" && event.target === this.map.getContainer()) {
      const { x, y } = this.toPixel(this.map.getCenter());
      this.choose(this.tiles.at(x, y));
    }
  }
}

function counted(count) {
  return count === 1 ? "1 picture" : `${count.toLocaleString("en")} pictures`;
}

function loadScript(address) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = resolve;
    script.onerror = reject;
    document.body.append(script);
  });
}

function fillPanel(tile) {
  byId("name").textContent = tile.title || tile.name;
  const rows = [["Date", tile.date], ["Creator", tile.creator], ...tile.more,
    ["Rights", tile.rights], ["File", tile.name]].filter(([, value]) => value);
  byId("details").replaceChildren(...rows.flatMap(([name, value]) => {
    const term = document.createElement("dt");
    term.textContent = name;
    const description = document.createElement("dd");
    description.append(webAddress(value) ? makeLink(value, value) : value);
    return [term, description];
  }));
  const links = [["Open its page", tile.link], ["Open the original", tile.picture]]
    .filter(([, address]) => webAddress(address))
    .map(([text, address]) => makeLink(text, address));
  byId("links").replaceChildren(...links);
  byId("links").hidden = !links.length;
}

function makeLink(text, address) {
  const link = document.createElement("a");
  link.textContent = text;
  link.href = webAddress(address);
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  return link;
}
