"use strict";
(() => {
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const root = document.documentElement;
  const kept = {
    get: (name) => { try { return localStorage.getItem(name) || ""; } catch { return ""; } },
    set: (name, value) => { try { localStorage.setItem(name, value); } catch { /* a page from disk may not keep anything */ } },
  };
  all(".tools").forEach((tools) => { tools.hidden = false; });

  // the theme: as the system says, light, dark
  const themes = ["", "light", "dark"];
  const theme = one("#theme");
  const showTheme = (value) => {
    root.dataset.theme = value;
    theme.textContent = `Theme: ${value || "system"}`;
  };
  const nextTheme = () => {
    const value = themes[(themes.indexOf(root.dataset.theme || "") + 1) % themes.length];
    kept.set("migrate-theme", value);
    showTheme(value);
  };
  showTheme(themes.includes(kept.get("migrate-theme")) ? kept.get("migrate-theme") : "");
  theme.addEventListener("click", nextTheme);

  // folding
  const folds = () => all("main details");
  const unfold = one("#unfold");
  const foldAll = () => {
    const open = folds().some((each) => !each.open);
    folds().forEach((each) => { each.open = open; });
    unfold.textContent = open ? "Fold all" : "Unfold all";
  };
  unfold.addEventListener("click", foldAll);
  const reveal = (element) => {
    for (let each = element; each; each = each.parentElement) if (each.tagName === "DETAILS") each.open = true;
  };
  const reach = () => {
    let target = null;
    try { target = document.getElementById(decodeURIComponent(location.hash.slice(1))); } catch { /* no such place */ }
    if (target) { reveal(target); target.scrollIntoView({ behavior: "instant" }); }
  };
  addEventListener("hashchange", reach);
  if (location.hash) reach();
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details").filter((each) => !each.open);
    closed.forEach((each) => { each.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((each) => { each.open = false; }));
  if (matchMedia("(max-width: 56rem)").matches) all("nav details").forEach((each) => { each.open = false; });

  // from stop to stop
  const step = (selector, direction) => {
    const stops = all(selector).filter((each) => each.offsetParent !== null && !each.hidden);
    const line = (one(".bar").getBoundingClientRect().bottom || 0) + 24;
    const top = (each) => each.getBoundingClientRect().top;
    const current = stops.includes(document.activeElement) ? stops.indexOf(document.activeElement) : -1;
    const inSight = current >= 0 && Math.abs(top(stops[current])) < innerHeight;
    let next;
    if (inSight) next = stops[current + direction];
    else if (direction > 0) next = stops.find((each) => top(each) > line);
    else next = stops.filter((each) => top(each) < line - 48).pop();
    if (!next) return;
    if (!next.hasAttribute("tabindex")) next.tabIndex = -1;
    reveal(next);
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "start", behavior: "instant" });
  };

  // search: parts of the page that do not have the words are hidden, and the words are marked
  const search = one("#search");
  const hits = one("#hits");
  const parts = all("[data-part]").map((element) => ({ element, text: null, links: all(`nav a[href="#${CSS.escape(element.id)}"]`) }));
  const marks = typeof Highlight === "function" && CSS.highlights ? new Highlight() : null;
  if (marks) CSS.highlights.set("found", marks);
  const mark = (element, words) => {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node && marks.size < 2000; node = walker.nextNode()) {
      const text = node.data.toLowerCase();
      for (const word of words) {
        for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
          const range = new Range();
          range.setStart(node, at);
          range.setEnd(node, at + word.length);
          marks.add(range);
        }
      }
    }
  };
  const seek = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    if (marks) marks.clear();
    for (const part of parts) {
      part.text ??= part.element.textContent.toLowerCase();
      const shown = words.every((word) => part.text.includes(word));
      part.element.hidden = !shown;
      part.links.forEach((each) => { each.parentElement.hidden = !shown; });
      found += shown;
      if (words.length && shown && marks) mark(part.element, words);
    }
    hits.textContent = words.length ? `${found} of ${parts.length}: Enter goes there` : "";
  };
  let waiting = 0;
  search.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(seek, 120); });
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      clearTimeout(waiting);
      seek();
      const first = parts.find((part) => !part.element.hidden);
      if (first) first.element.scrollIntoView({ block: "start", behavior: "instant" });
    }
  });

  // where the reader is
  const links = new Map(all("nav a[href^='#']").map((link) => [decodeURIComponent(link.hash.slice(1)), link]));
  const watched = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
  const here = () => {
    const line = innerHeight / 3;
    let current = null;
    for (const each of watched) {
      const { top, bottom } = each.getBoundingClientRect();
      if (top <= line && bottom > 0) current = each;
    }
    for (const [id, link] of links) {
      const now = current && current.id === id;
      if (now && !link.hasAttribute("aria-current")) {
        link.setAttribute("aria-current", "true");
        const nav = link.closest("nav");
        if (getComputedStyle(nav).position === "sticky") nav.scrollTop = link.offsetTop - nav.clientHeight / 2;
      } else if (!now) link.removeAttribute("aria-current");
    }
  };
  let planned = false;
  addEventListener("scroll", () => {
    if (planned) return;
    planned = true;
    requestAnimationFrame(() => { planned = false; here(); });
  }, { passive: true });
  here();

  // keys
  const keys = one("#keys");
  one("#help").addEventListener("click", () => keys.showModal());
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || keys.open) return;
    const typing = event.target.closest && event.target.closest("input, textarea, select");
    if (event.key === "Escape" && typing) {
      event.target.value = "";
      event.target.dispatchEvent(new Event("input"));
      event.target.blur();
      return;
    }
    if (typing) return;
    const does = {
      j: () => step("[data-stop]", 1), k: () => step("[data-stop]", -1),
      n: () => step("[data-stop='section']", 1), p: () => step("[data-stop='section']", -1),
      ArrowRight: () => step("[data-stop]", 1), ArrowLeft: () => step("[data-stop]", -1),
      "/": () => search.focus(), "?": () => keys.showModal(), t: nextTheme, e: foldAll,
      d: () => { const part = one("#diagram-part"); if (part) part.scrollIntoView({ block: "start", behavior: "instant" }); },
    }[event.key];
    if (!does || (event.key.startsWith("Arrow") && event.target.closest(".canvas, .scroll, pre"))) return;
    event.preventDefault();
    does();
  });

  // the diagram
  const canvas = one("#diagram");
  if (!canvas) return;
  const smallest = 0.08;
  const largest = 3;
  let svg = null;
  let natural = { width: 0, height: 0 };
  let scale = 1;
  const resize = (wanted, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) => {
    const next = Math.min(largest, Math.max(smallest, wanted));
    const left = (canvas.scrollLeft + x) / scale;
    const top = (canvas.scrollTop + y) / scale;
    scale = next;
    svg.setAttribute("width", natural.width * scale);
    svg.setAttribute("height", natural.height * scale);
    canvas.scrollLeft = left * scale - x;
    canvas.scrollTop = top * scale - y;
  };
  const fit = () => resize(Math.min((canvas.clientWidth - 2) / natural.width, (canvas.clientHeight - 2) / natural.height, 1.2));
  const centre = (node, least = 0.8) => {
    if (scale < least) resize(least + 0.2);
    const box = node.getBoundingClientRect();
    const frame = canvas.getBoundingClientRect();
    canvas.scrollLeft += box.left + box.width / 2 - frame.left - frame.width / 2;
    canvas.scrollTop += box.top + Math.min(box.height, frame.height * 0.8) / 2 - frame.top - frame.height / 2;
  };
  const title = (node) => {
    const link = one("a", node);
    return (link && (link.getAttribute("title") || link.getAttributeNS("http://www.w3.org/1999/xlink", "title"))) || "";
  };
  const near = (node) => {
    all(".near", svg).forEach((each) => each.classList.remove("near"));
    svg.classList.toggle("focused", Boolean(node));
    if (!node) return;
    node.classList.add("near");
    for (const edge of all(".edge", svg)) {
      const ends = edge.id.split("_").slice(0, 2).map((end) => `er${end.replace(/\D/g, "")}`);
      if (!ends.includes(node.id)) continue;
      edge.classList.add("near");
      ends.forEach((end) => { const other = document.getElementById(end); if (other) other.classList.add("near"); });
    }
  };
  const busiest = () => {
    const ends = all(".edge", svg).flatMap((edge) => edge.id.split("_").slice(0, 2).map((end) => `er${end.replace(/\D/g, "")}`));
    const uses = (node) => ends.filter((end) => end === node.id).length;
    return all(".node", svg).reduce((most, node) => (uses(node) > uses(most) ? node : most));
  };
  let chosen = null;
  const prepare = () => {
    svg = one("svg", canvas);
    const box = svg.viewBox.baseVal;
    natural = { width: box.width * 4 / 3, height: box.height * 4 / 3 };
    for (const part of all(".node, .edge", svg)) {
      const tip = document.createElementNS("http://www.w3.org/2000/svg", "title");
      tip.textContent = title(part);
      if (tip.textContent) part.prepend(tip);
    }
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", "Diagram of the tables and their foreign keys");
    resize(1);
    fit();
    const room = natural.height * scale + 20;
    if (room < canvas.clientHeight) canvas.style.height = `${Math.max(room, 160)}px`;
    if (scale < 0.45) centre(one(".node.added, .node.changed, .node.removed", svg) || busiest(), 0.5);
  };

  const drawText = async (dot) => {
    const source = one("#drawer").textContent;
    const work = "onmessage = async ({ data }) => { try { const viz = await Viz.instance();"
      + " postMessage({ svg: viz.renderString(data, { format: 'svg' }) }); } catch (error) { postMessage({ error: String(error) }); } };";
    const address = (...texts) => URL.createObjectURL(new Blob(texts, { type: "text/javascript" }));
    try {
      return await new Promise((resolve, reject) => {
        const worker = new Worker(address(source, "\n;", work));
        worker.onmessage = ({ data }) => { worker.terminate(); if (data.svg) resolve(data.svg); else reject(new Error(data.error)); };
        worker.onerror = (event) => { event.preventDefault(); worker.terminate(); reject(new Error("no worker")); };
        worker.postMessage(dot);
      });
    } catch { // a browser that starts no worker for a page from disk
      await new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.onload = resolve;
        script.onerror = () => reject(new Error("the browser does not run the script that draws"));
        script.src = address(source);
        document.head.append(script);
      });
      return (await Viz.instance()).renderString(dot, { format: "svg" });
    }
  };
  const draw = async () => {
    canvas.setAttribute("aria-busy", "true");
    one("p", canvas).textContent = "The diagram is being drawn…";
    try {
      const drawn = new DOMParser().parseFromString(await drawText(JSON.parse(one("#dot").textContent)), "image/svg+xml").documentElement;
      all("title", drawn).forEach((each) => each.remove());
      canvas.replaceChildren(document.importNode(drawn, true));
      prepare();
    } catch (error) {
      one("p", canvas).textContent = `The diagram could not be drawn: ${error.message}`;
    }
    canvas.removeAttribute("aria-busy");
  };
  if (one("svg", canvas)) prepare();
  else if (one("#dot")) {
    const watch = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) { watch.disconnect(); draw(); }
    }, { rootMargin: "600px" });
    watch.observe(canvas);
  }

  const zooms = { in: () => resize(scale * 1.25), out: () => resize(scale / 1.25), fit, one: () => resize(0.9) };
  all("[data-zoom]").forEach((button) => button.addEventListener("click", () => { if (svg) zooms[button.dataset.zoom](); }));
  canvas.addEventListener("wheel", (event) => {
    if (!svg || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    const frame = canvas.getBoundingClientRect();
    resize(scale * Math.exp(-event.deltaY / 300), event.clientX - frame.left, event.clientY - frame.top);
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const does = { "+": zooms.in, "=": zooms.in, "-": zooms.out, 0: fit }[event.key];
    if (does && svg) { event.preventDefault(); does(); }
    if (event.key === "Escape") { chosen = null; near(null); }
  });
  let drag = null;
  let moved = false;
  canvas.addEventListener("pointerdown", (event) => {
    moved = false;
    if (event.button !== 0 || event.pointerType === "touch") return;
    drag = { x: event.clientX, y: event.clientY, left: canvas.scrollLeft, top: canvas.scrollTop };
  });
  addEventListener("pointermove", (event) => {
    if (!drag) return;
    if (!moved && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < 4) return;
    moved = true;
    canvas.classList.add("drags");
    canvas.scrollLeft = drag.left - (event.clientX - drag.x);
    canvas.scrollTop = drag.top - (event.clientY - drag.y);
  });
  addEventListener("pointerup", () => { drag = null; canvas.classList.remove("drags"); });
  canvas.addEventListener("dragstart", (event) => event.preventDefault());
  canvas.addEventListener("click", (event) => {
    if (moved) { event.preventDefault(); return; }
    if (!svg) return;
    const node = event.target.closest(".node");
    if (node && node === chosen) return;
    if (node) event.preventDefault();
    chosen = node;
    near(node);
  }, true);
  canvas.addEventListener("pointerover", (event) => { if (svg && !chosen && !drag) near(event.target.closest(".node")); });
  canvas.addEventListener("focusin", (event) => { const node = svg && event.target.closest(".node"); if (node) near(node); });
  canvas.addEventListener("pointerleave", () => { if (svg && !chosen) near(null); });

  const find = one("#find");
  let turn = 0;
  const jump = (next) => {
    if (!svg) return;
    all(".found", svg).forEach((each) => each.classList.remove("found"));
    const wanted = find.value.trim().toLowerCase();
    if (!wanted) { chosen = null; near(null); return; }
    const names = all(".node", svg).map((node) => ({ node, name: title(node).toLowerCase() })).filter(({ name }) => name.includes(wanted));
    names.sort((a, b) => (b.name === wanted) - (a.name === wanted) || b.name.startsWith(wanted) - a.name.startsWith(wanted) || a.name.length - b.name.length);
    find.setAttribute("aria-invalid", String(!names.length));
    if (!names.length) return;
    turn = next ? (turn + 1) % names.length : 0;
    const { node } = names[turn];
    node.classList.add("found");
    chosen = node;
    near(node);
    centre(node);
  };
  find.addEventListener("input", () => jump(false));
  find.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); jump(true); } });
})();
