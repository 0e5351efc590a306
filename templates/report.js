"use strict";
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// ---- Two images, one over the other.

const MODES = [["slider", "Slider"], ["difference", "Difference"], ["blink", "Blink"]];

all(".overlay").forEach((box, number) => {
  const figures = box.parentElement;
  const live = figures.querySelector(".live img");
  const staged = figures.querySelector(".staged img");
  if (!live || !staged) return;
  const stage = box.querySelector(".overlay-stage");
  for (const [image, name] of [[live, "below"], [staged, "above"]]) {
    const copy = image.cloneNode();
    copy.className = name;
    copy.alt = "";
    stage.append(copy);
  }
  const edge = box.querySelector(".edge");
  const range = edge.querySelector("input");
  const move = () => {
    stage.style.setProperty("--at", range.value + "%");
    range.setAttribute("aria-valuetext", range.value + " % " + box.dataset.below + ", " + (100 - range.value) + " % " + box.dataset.above);
  };
  range.addEventListener("input", move);
  move();
  const modes = box.querySelector(".modes");
  for (const [mode, text] of MODES) {
    const label = document.createElement("label");
    const choice = document.createElement("input");
    choice.type = "radio";
    choice.name = "mode-" + number;
    choice.ariaLabel = text;
    choice.checked = mode === "slider";
    choice.addEventListener("change", () => {
      stage.classList.remove(...MODES.map(([other]) => other));
      stage.classList.add(mode);
      edge.hidden = mode !== "slider";
    });
    label.append(choice, text);
    modes.append(label);
  }
  box.hidden = false;
});

// ---- Images in their full size.

for (const image of all("figure img")) {
  const name = image.alt;
  image.tabIndex = 0;
  image.setAttribute("role", "button");
  const toggle = () => {
    const enlarged = image.closest("figure").classList.toggle("enlarged");
    image.setAttribute("aria-pressed", String(enlarged));
  };
  image.setAttribute("aria-pressed", "false");
  image.setAttribute("aria-label", "Enlarge: " + name);
  image.addEventListener("click", toggle);
  image.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    toggle();
  });
}

// ---- Waveforms, drawn when a sound is about to be seen.

const draw = async (audio) => {
  const encoded = audio.src.slice(audio.src.indexOf(",") + 1);
  const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
  const sound = await new OfflineAudioContext(1, 1, 44100).decodeAudioData(bytes.buffer);
  const canvas = document.createElement("canvas");
  canvas.className = "wave";
  canvas.width = 600;
  canvas.height = 64;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "Waveform, " + sound.duration.toFixed(2) + " s, " + sound.numberOfChannels + " channel(s)");
  audio.after(canvas);
  const pen = canvas.getContext("2d");
  pen.fillStyle = getComputedStyle(canvas).color;
  const samples = sound.getChannelData(0);
  const step = samples.length / canvas.width;
  for (let x = 0; x < canvas.width; x += 1) {
    let low = 0;
    let high = 0;
    for (let at = Math.floor(x * step); at < Math.min((x + 1) * step, samples.length); at += 1) {
      low = Math.min(low, samples[at]);
      high = Math.max(high, samples[at]);
    }
    pen.fillRect(x, 32 - high * 31, 1, Math.max((high - low) * 31, 1));
  }
};
const waves = new IntersectionObserver((entries) => {
  for (const entry of entries.filter((entry) => entry.isIntersecting)) {
    waves.unobserve(entry.target);
    // A sound that the browser does not decode has no waveform.
    draw(entry.target).catch(() => {});
  }
});
all("audio").forEach((audio) => waves.observe(audio));

// ---- Texts to copy.

const copyButton = (words, name, content, fallback) => {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = words;
  button.setAttribute("aria-label", name);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(content());
      button.textContent = "copied";
    } catch {
      // Without the right to copy, the text is at least selected.
      getSelection().selectAllChildren(fallback ?? button.parentElement);
      button.textContent = "selected";
    }
    setTimeout(() => { button.textContent = words; }, 2000);
  });
  return button;
};

// ---- A failure as text, for an issue or a chat.

const withoutButtons = (part) => {
  const copy = part.cloneNode(true);
  all("button", copy).forEach((button) => button.remove());
  return copy.textContent.trim();
};
const asText = (item) => {
  const body = item.querySelector(".case-body");
  const parts = all("h4, pre, tr, .remarks > li, .steps > li, .file > p, .case-body > p", body).filter((part) => !part.closest(".overlay, figure"));
  const line = (part) => (part.localName === "tr" ? [...part.cells].map(withoutButtons).join(" | ") : withoutButtons(part));
  const title = item.querySelector("summary").textContent.replace(/\s+/g, " ").trim();
  return [item.closest(".model").querySelector("h2").firstChild.data.trim() + ": " + title, ...parts.map(line)].join("\n");
};
for (const item of all(".case.failed, .case.errored, .case.flaky")) {
  const name = "Copy as text: " + item.querySelector("strong").textContent;
  item.querySelector(".case-body").prepend(copyButton("copy as text", name, () => asText(item)));
}
for (const text of all(".copied")) text.after(copyButton("copy", "Copy " + text.textContent.slice(0, 60), () => text.textContent, text));

// ---- The filter, which the address keeps.

const filter = document.getElementById("_filter");
const PREFIX = "#?q=";

// Terms are separated by spaces, and "in quotes" keep theirs.
const terms = (query) => [...query.toLowerCase().matchAll(/(!?)(?:([smk]):)?(?:"([^"]*)"|(\S+))/g)]
  .map(([, not, key, quoted, plain]) => ({ not: not !== "", key, text: quoted ?? plain }));

const holds = (item, model, term) => {
  const status = item.matches(".findings li") ? item.className : item.classList[1];
  const found = {
    s: () => status === term.text || (term.text === "failed" && ["errored", "error"].includes(status)),
    m: () => model.dataset.name.toLowerCase().includes(term.text),
    k: () => (item.dataset.kind ?? "finding").toLowerCase().includes(term.text),
  }[term.key];
  return (found ? found() : item.textContent.toLowerCase().includes(term.text)) !== term.not;
};

const apply = () => {
  const wanted = terms(filter.value);
  // Of several statuses, models or kinds one is enough; all other terms have to hold.
  const kinds = ["s", "m", "k"].map((key) => wanted.filter((term) => term.key === key && !term.not)).filter((some) => some.length > 0);
  const others = wanted.filter((term) => !term.key || term.not);
  for (const link of all(".statuses a")) link.toggleAttribute("aria-current", decodeURIComponent(link.hash.slice(PREFIX.length)) === filter.value.trim());
  let count = 0;
  for (const model of all(".model")) {
    let inside = 0;
    for (const item of all(".case, .findings li", model)) {
      const shown = others.every((term) => holds(item, model, term)) && kinds.every((some) => some.some((term) => holds(item, model, term)));
      item.hidden = !shown;
      inside += Number(shown);
    }
    for (const link of all("[data-case]", model)) {
      link.closest("tr").hidden = document.getElementById(link.dataset.case).hidden;
    }
    model.hidden = wanted.length > 0 && inside === 0;
    if (wanted.length > 0 && inside > 0) model.open = true;
    count += inside;
  }
  document.getElementById("_found").textContent = wanted.length > 0 ? count + " shown" : "";
};

filter.addEventListener("input", () => {
  apply();
  const address = filter.value ? PREFIX + encodeURIComponent(filter.value) : "#";
  try { history.replaceState(null, "", address); } catch { location.replace(address); }
});

// ---- Ways around.

const reveal = (element) => {
  for (let at = element; at; at = at.parentElement) if (at.localName === "details") at.open = true;
};

const follow = () => {
  if (location.hash.startsWith(PREFIX)) {
    try { filter.value = decodeURIComponent(location.hash.slice(PREFIX.length)); } catch { filter.value = ""; }
    apply();
    return;
  }
  let name = location.hash.slice(1);
  try { name = decodeURIComponent(name); } catch { /* It is no name of ours. */ }
  const target = document.getElementById(name);
  if (!target) return;
  reveal(target);
  target.scrollIntoView();
};

const go = (direction) => {
  const failures = all(".case.failed, .case.errored, .findings li.error").filter((item) => !item.hidden && !item.closest(".model").hidden);
  if (failures.length === 0) return;
  const now = failures.indexOf(document.activeElement?.closest(".case, .findings li"));
  const next = now < 0 ? (direction > 0 ? 0 : failures.length - 1) : (now + direction + failures.length) % failures.length;
  const target = failures[next];
  reveal(target);
  target.scrollIntoView({ block: "start" });
  const focused = target.querySelector("summary") ?? target;
  if (focused === target) target.tabIndex = -1;
  focused.focus({ preventScroll: true });
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input:not([type=radio], [type=range]), textarea")) return;
  const action = { n: () => go(1), p: () => go(-1), "/": () => { filter.focus(); event.preventDefault(); } }[event.key];
  if (action) action();
});
document.getElementById("_next").addEventListener("click", () => go(1));
const open = (value) => all(".model, .case").forEach((details) => { details.open = value; });
document.getElementById("_expand").addEventListener("click", () => open(true));
document.getElementById("_collapse").addEventListener("click", () => open(false));
addEventListener("hashchange", follow);

// ---- Colors, remembered where the browser allows it.

const theme = document.getElementById("_theme");
const paint = () => { document.documentElement.dataset.theme = theme.value; };
theme.addEventListener("change", () => {
  paint();
  try { localStorage.setItem("safe-push-theme", theme.value); } catch { /* It holds for this page. */ }
});
try { theme.value = localStorage.getItem("safe-push-theme") ?? ""; } catch { /* As the system has it. */ }
if (theme.selectedIndex < 0) theme.value = "";
paint();

document.querySelector(".tools").hidden = false;
follow();
