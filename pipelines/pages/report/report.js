"use strict";
// Texts go into the page by textContent alone: what is in a persona is shown, never run.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const at = (id) => document.getElementById(id);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const BATCH = 10; // examples that are shown at once

  function element(name, text, properties = {}) {
    const made = Object.assign(document.createElement(name), properties);
    if (text) made.textContent = text;
    return made;
  }

  // Vega's own tooltip sets a style that the page's policy has not, and HTML; this one sets text.
  function tip(handler, event, item, value) {
    const box = at("tip");
    box.replaceChildren();
    box.hidden = value === undefined || value === null || value === "";
    if (box.hidden) return;
    const rows = typeof value === "object" ? Object.entries(value) : [["", value]];
    for (const [name, text] of rows) {
      if (text === "" || text === undefined || text === null || text === "null") continue;
      const bare = name === "text" || name === "label" || name === "";
      box.append(element("div", bare ? String(text) : `${name}: ${text}`, { dir: "auto", className: name === "label" ? "faint" : "" }));
    }
    const { innerWidth: width, innerHeight: height } = window;
    const { offsetWidth: wide, offsetHeight: high } = box;
    box.style.left = `${Math.max(4, Math.min(event.clientX + 14, width - wide - 8))}px`;
    box.style.top = `${event.clientY + 18 + high > height ? Math.max(4, event.clientY - high - 12) : event.clientY + 18}px`;
  }

  function config() {
    const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const [ink, faint, line, mark, second, reference, paper] = ["--ink", "--faint", "--line", "--mark", "--mark-2", "--reference", "--paper"].map(colour);
    const font = "system-ui, sans-serif";
    return {
      background: null,
      font,
      view: { stroke: null },
      axis: { labelColor: faint, titleColor: ink, gridColor: line, domainColor: line, tickColor: line, labelLimit: 150, labelOverlap: true, tickCount: 6, labelFontSize: 12, titleFontSize: 12 },
      legend: { labelColor: ink, titleColor: ink, orient: "top" },
      bar: { fill: mark },
      area: { fill: mark },
      line: { stroke: mark },
      point: { fill: mark, stroke: mark },
      rule: { stroke: ink },
      tick: { color: reference },
      text: { color: ink, fill: ink },
      range: { category: [second, mark] },
      style: { reference: { fill: reference, stroke: reference }, halo: { stroke: paper, strokeWidth: 4, strokeOpacity: 0.85, fill: paper } },
    };
  }

  function mapRows() {
    const { x, y, text, top, labels } = data.map;
    return x.map((one, n) => ({ x: one, y: y[n], text: text[n], top: top[n], label: labels[top[n]] || "" }));
  }

  const drawn = {};
  window.drawn = drawn; // {picture: its view}, for tests and for whoever looks at the page by its console

  async function draw(box) {
    const name = box.dataset.plot;
    const spec = structuredClone(data.specs[name]);
    delete spec.config;
    if (name === "map") spec.datasets = { ...spec.datasets, [data.mapData]: mapRows() };
    if (drawn[name]) drawn[name].finalize();
    // ast: expressions are interpreted, for the page's policy forbids to compile them.
    const made = await window.vegaEmbed(box, spec, {
      ast: true, actions: false, logLevel: 1, defaultStyle: false, tooltip: tip, config: config(), renderer: name === "map" ? "canvas" : "svg",
    });
    drawn[name] = made.view;
  }

  function drawAll() {
    for (const box of document.querySelectorAll(".plot")) {
      draw(box).catch((error) => {
        box.textContent = `This picture cannot be drawn: ${error.message}`;
        console.error(error);
      });
    }
  }

  function sortBy(table, column, heading) {
    const body = table.tBodies[0];
    const up = heading.getAttribute("aria-sort") !== "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", up ? "ascending" : "descending");
    const key = (row) => row.cells[column].dataset.sort;
    const number = (row) => row.cells[column].classList.contains("number");
    const rows = [...body.rows];
    rows.sort((a, b) => {
      if (number(a) !== number(b)) return number(a) ? -1 : 1; // what has no value stays last
      const order = number(a) ? Number(key(a)) - Number(key(b)) : key(a).localeCompare(key(b));
      return up ? order : -order;
    });
    body.replaceChildren(...rows);
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    [...table.tHead.rows[0].cells].forEach((heading, column) => {
      heading.querySelector("button").addEventListener("click", () => sortBy(table, column, heading));
    });
  }

  if (at("search")) {
    const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
    const texts = data.examples.map((one) => folded(Object.values(one).join("\n")));
    let found = data.examples;
    let shown = 0;

    const article = (one) => {
      const box = element("article");
      const tags = ["use_case", "language", "verdict"].map((name) => one[name]).filter(Boolean);
      if (one.hop !== undefined && one.hop !== null) tags.push(`hop ${one.hop}`);
      box.append(element("p", one.persona, { dir: "auto" }));
      if (one.sample) box.append(element("div", one.sample, { className: "text", dir: "auto" }));
      if (tags.length) box.append(element("p", tags.join(" · ").replaceAll("_", " "), { className: "faint" }));
      return box;
    };

    const show = () => {
      at("list").append(...found.slice(shown, shown + BATCH).map(article));
      shown = Math.min(shown + BATCH, found.length);
      at("more").hidden = shown >= found.length;
      at("found").textContent = `${found.length.toLocaleString("en")} of ${data.examples.length.toLocaleString("en")} examples`;
    };

    const search = () => {
      const words = folded(at("search").value).split(/\s+/).filter(Boolean);
      found = data.examples.filter((_, n) => words.every((word) => texts[n].includes(word)));
      at("list").replaceChildren();
      shown = 0;
      show();
    };

    at("search").addEventListener("input", search);
    at("more").addEventListener("click", show);
    search();
  }

  dark.addEventListener("change", drawAll);
  drawAll();
})();
