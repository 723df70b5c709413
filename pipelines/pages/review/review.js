"use strict";
// Texts go into the page by textContent alone: what is in a sample is shown, never run.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const at = (id) => document.getElementById(id);
  const screens = [
    ...data.items.map((item) => ({ item, asks: item.persona ? ["validity", "fidelity"] : ["validity"] })),
    ...data.pairs.map(([left, right]) => ({ left: data.items[left], right: data.items[right], asks: ["preference"] })),
  ];
  const WORDS = { validity: "Valid?", fidelity: "Fits the persona?", preference: "Which is better?" };
  const CHOICES = {
    validity: [["y", "yes", "Yes"], ["n", "no", "No"]],
    fidelity: [1, 2, 3, 4, 5].map((n) => [String(n), n, String(n)]),
    preference: [["l", "left", "Left"], ["t", "tie", "Tie"], ["r", "right", "Right"]],
  };
  let rater = "";
  let answers = screens.map(() => ({}));
  let undone = []; // [screen, question, the answer before]
  let here = 0;
  let keeps = true;
  let unsaved = false;

  const key = () => `persona-hub-review:${data.page}:${rater}`;
  const whole = (n) => screens[n].asks.every((ask) => answers[n][ask] !== undefined);
  const rated = () => screens.filter((_, n) => whole(n)).length;

  function tell(text) {
    at("told").textContent = text;
  }

  function keep() {
    try {
      localStorage.setItem(key(), JSON.stringify({ answers, here }));
    } catch {
      if (keeps) tell("This browser keeps nothing for this page: save the file before you close it.");
      keeps = false;
    }
  }

  function resume() {
    try {
      const found = JSON.parse(localStorage.getItem(key()) || "null");
      if (!found || !Array.isArray(found.answers) || found.answers.length !== screens.length) return;
      answers = found.answers.map((one, n) => {
        const known = {};
        for (const ask of screens[n].asks) {
          if (one && CHOICES[ask].some(([, value]) => value === one[ask])) known[ask] = one[ask];
        }
        return known;
      });
      here = Number.isInteger(found.here) && found.here >= 0 && found.here <= screens.length ? found.here : 0;
      if (answers.some((one) => Object.keys(one).length)) tell("Your earlier answers are here again.");
    } catch {
      keeps = false;
      tell("This browser keeps nothing for this page: save the file before you close it.");
    }
  }

  function element(name, text, properties = {}) {
    const made = Object.assign(document.createElement(name), properties);
    if (text) made.textContent = text;
    return made;
  }

  function textBox(title, text) {
    const box = element("section");
    box.append(element("h3", title), element("div", text, { className: "text", dir: "auto" }));
    return box;
  }

  function choices(ask) {
    const row = element("div", "", { className: "choices" });
    row.setAttribute("role", "group");
    row.setAttribute("aria-label", WORDS[ask]);
    row.append(element("span", WORDS[ask]));
    for (const [letter, value, word] of CHOICES[ask]) {
      const button = element("button", word, { type: "button" });
      if (word.toLowerCase() !== letter) button.append(" ", element("kbd", letter.toUpperCase()));
      button.setAttribute("aria-pressed", String(answers[here][ask] === value));
      button.setAttribute("aria-keyshortcuts", letter.toUpperCase());
      button.addEventListener("click", () => answer(ask, value));
      row.append(button);
    }
    return row;
  }

  function show() {
    const box = at("question");
    box.replaceChildren();
    at("bar").hidden = box.hidden = false;
    at("progress").max = screens.length;
    at("progress").value = rated();
    at("done").textContent = `${rated()} of ${screens.length} rated`;
    if (here === screens.length) {
      showEnd(box);
      return;
    }
    const screen = screens[here];
    const pairs = screen.left !== undefined;
    at("place").textContent = pairs
      ? `Pair ${here - data.items.length + 1} of ${data.pairs.length}`
      : `Sample ${here + 1} of ${data.items.length}`;
    const title = element("h2", pairs ? "Which of the two samples is better?" : "Sample", { tabIndex: -1 });
    const use = (pairs ? screen.left : screen.item).use_case.replaceAll("_", " ");
    if (use && data.tells_use_case && (!pairs || screen.right.use_case === screen.left.use_case)) title.append(" ", element("span", `(${use})`, { className: "faint" }));
    box.append(title);
    if (pairs) {
      const sides = element("div", "", { className: "sides" });
      sides.append(textBox("Left", screen.left.text), textBox("Right", screen.right.text));
      if (screen.left.persona && screen.left.persona === screen.right.persona) box.append(textBox("Persona", screen.left.persona));
      box.append(sides);
    } else {
      if (screen.item.persona) box.append(textBox("Persona", screen.item.persona));
      box.append(textBox("Text", screen.item.text));
    }
    for (const ask of screen.asks) box.append(choices(ask));
    const steps = element("div", "", { className: "steps" });
    for (const [word, letter, act, off] of [
      ["Back", "←", () => go(here - 1), here === 0],
      ["Next", "→", () => go(here + 1), false],
      ["Undo", "U", undo, undone.length === 0],
    ]) {
      const button = element("button", `${word} `, { type: "button", disabled: off });
      button.append(element("kbd", letter));
      button.addEventListener("click", act);
      steps.append(button);
    }
    box.append(steps);
    title.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }

  function showEnd(box) {
    at("place").textContent = "The end";
    const left = screens.length - rated();
    const title = element("h2", left ? `${left} of ${screens.length} lack an answer` : "All are rated", { tabIndex: -1 });
    box.append(title);
    const words = left
      ? "G goes to the first that lacks an answer; a file with gaps can be saved, too."
      : "Save the file, and send it to whoever gave you this page.";
    box.append(element("p", words));
    const button = element("button", "Save ", { type: "button", className: "main" });
    button.append(element("kbd", "S"));
    button.addEventListener("click", save);
    box.append(button);
    title.focus({ preventScroll: true });
  }

  function go(place) {
    here = Math.min(Math.max(place, 0), screens.length);
    tell("");
    keep();
    show();
  }

  function answer(ask, value) {
    if (here === screens.length || !screens[here].asks.includes(ask)) return;
    undone.push([here, ask, answers[here][ask]]);
    answers[here][ask] = value;
    unsaved = true;
    tell("");
    if (whole(here)) here += 1;
    keep();
    show();
  }

  function undo() {
    const last = undone.pop();
    if (!last) return;
    const [place, ask, before] = last;
    if (before === undefined) delete answers[place][ask];
    else answers[place][ask] = before;
    here = place;
    keep();
    show();
    tell("The last answer is undone.");
  }

  function lines() {
    const rows = [{ review: 1, page: data.page, rater, items: data.items.length, pairs: data.pairs.length }];
    screens.forEach((screen, n) => {
      const given = (ask) => (answers[n][ask] === undefined ? null : answers[n][ask]);
      if (screen.item) {
        const { id, persona, text, use_case, origin } = screen.item;
        rows.push({ item: id, validity: given("validity"), fidelity: given("fidelity"), persona, text, use_case, origin });
      } else {
        rows.push({ pair: [screen.left.id, screen.right.id], preference: given("preference") });
      }
    });
    return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  }

  function save() {
    const name = rater.normalize("NFKD").replace(/[^A-Za-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 40) || "rater";
    const link = element("a", "", { download: `ratings-${data.page.slice(0, 8)}-${name}.jsonl` });
    link.href = URL.createObjectURL(new Blob([lines()], { type: "application/jsonl" }));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    unsaved = false;
    tell(`Saved: ${rated()} of ${screens.length}.`);
  }

  function help() {
    if (at("help").open) at("help").close();
    else at("help").showModal();
  }

  const KEYS = {
    ArrowRight: () => go(here + 1),
    Enter: () => go(here + 1),
    ArrowLeft: () => go(here - 1),
    g: () => go(screens.findIndex((_, n) => !whole(n)) < 0 ? screens.length : screens.findIndex((_, n) => !whole(n))),
    u: undo,
    s: save,
  };

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.altKey || event.metaKey || event.target instanceof HTMLInputElement) return;
    let letter = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (/^[^\u0000-\u007f]$/.test(letter) && /^Key[A-Z]$/.test(event.code)) letter = event.code[3].toLowerCase(); // Cyrillic ...
    if (event.ctrlKey && letter !== "z") return;
    if (letter === "?") {
      event.preventDefault();
      help();
      return;
    }
    if (at("help").open || !rater) return;
    if (letter === "Enter" && event.target instanceof HTMLButtonElement) return; // the button's own
    let act = event.ctrlKey ? undo : KEYS[letter];
    for (const ask of here < screens.length ? screens[here].asks : []) {
      const found = CHOICES[ask].find(([own]) => own === letter);
      if (found && !event.ctrlKey) act = () => answer(ask, found[1]);
    }
    if (!act || event.repeat) return;
    event.preventDefault();
    act();
  });

  at("start").addEventListener("submit", (event) => {
    event.preventDefault();
    const name = at("rater").value.normalize("NFC").replace(/\s+/g, " ").trim();
    if (!name) return;
    rater = name;
    at("start").hidden = true;
    resume();
    show();
  });
  at("save").addEventListener("click", save);
  at("ask").addEventListener("click", help);
  at("close").addEventListener("click", () => at("help").close());
  window.addEventListener("beforeunload", (event) => {
    if (unsaved && !keeps) event.preventDefault();
  });
  at("rater").focus();
})();
