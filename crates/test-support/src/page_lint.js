// Faults of a page that a browser can find: those of its text for people who cannot see it, use no mouse, or need contrast, and whatever
// could run or load. Each is one line: the rule, what is wrong, and the start of the element.
(() => {
  const faults = [];
  const fault = (rule, what, element) => faults.push(`${rule}: ${what}${element ? ` ${element.outerHTML.replace(/\s+/g, " ").slice(0, 100)}` : ""}`);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const shown = (element) => element.checkVisibility({ visibilityProperty: true });
  const text = (element) => element.textContent.trim();
  const referenced = (element, attribute) => (element.getAttribute(attribute) ?? "").split(/\s+/).filter(Boolean);

  // The label that somebody gave an element, and the name by which a screen reader announces it.
  const label = (element) => {
    const labels = referenced(element, "aria-labelledby").map((id) => document.getElementById(id)).concat([...(element.labels ?? [])]);
    const parts = [labels.map((one) => (one ? text(one) : "")).join(""), element.ariaLabel, element.alt, element.title];
    return parts.map((part) => (part ?? "").trim()).find((part) => part !== "") ?? "";
  };
  const name = (element) => label(element) || text(element) || [...element.querySelectorAll("img, [role=img]")].map(label).join("");

  // ---- What the page may do.
  const policy = document.querySelector("meta[http-equiv=Content-Security-Policy]")?.content ?? "";
  const has = (directive) => policy.split(";").some((part) => part.trim() === directive);
  if (!has("default-src 'none'") || !has("base-uri 'none'") || !has("form-action 'none'")) fault("policy", `'${policy}' does not refuse what it does not name`);
  if (/unsafe-|https?:|\*/.test(policy)) fault("policy", `'${policy}' allows what comes from elsewhere`);
  if (document.querySelector("meta[name=referrer]")?.content !== "no-referrer") fault("policy", "links say where they come from");
  for (const element of all("*")) {
    for (const { name: attribute } of element.attributes) if (attribute.startsWith("on")) fault("policy", `a handler in the attribute ${attribute}`, element);
  }
  for (const element of all("[src], [href], [srcset], [poster], [data], object, embed, iframe, form")) {
    const address = element.getAttribute("src") ?? element.getAttribute("href") ?? element.getAttribute("srcset") ?? element.getAttribute("poster") ?? "";
    if (!(element.localName === "a" ? /^(#|https?:\/\/)/ : /^data:(image|audio)\/(?!svg)/).test(address)) fault("policy", "an element that loads or sends", element);
  }

  // ---- The document.
  if (!document.documentElement.lang) fault("document", "no language");
  if (!document.title.trim()) fault("document", "no title");
  if (/user-scalable\s*=\s*no|maximum-scale/.test(document.querySelector("meta[name=viewport]")?.content ?? "user-scalable=no")) fault("document", "cannot be enlarged");

  // ---- Landmarks.
  for (const [selector, what] of [["main", "main"], ["body > header", "header of the page"]]) {
    if (all(selector).length !== 1) fault("landmarks", `${all(selector).length} elements are the ${what}`);
  }
  for (const element of document.body.children) {
    if (!element.matches("header, main, footer, nav, aside, script") && shown(element) && text(element)) fault("landmarks", "text outside of every landmark", element);
  }
  for (const element of all("nav, section[aria-label], section[aria-labelledby]")) if (!label(element)) fault("landmarks", "a landmark without a name", element);

  // ---- Headings.
  let level = 0;
  if (all("h1").length !== 1) fault("headings", `${all("h1").length} headings of the first level`);
  for (const heading of all("h1, h2, h3, h4, h5, h6")) {
    const next = Number(heading.localName[1]);
    if (next > level + 1) fault("headings", `level ${next} after level ${level}`, heading);
    if (!name(heading)) fault("headings", "an empty heading", heading);
    level = next;
  }

  // ---- Names.
  for (const image of document.images) if (!image.hasAttribute("alt")) fault("alt", "an image without alt", image);
  for (const image of document.images) if (image.alt === "" && !image.closest("[role=group], .overlay-stage, button, a")) fault("alt", "an image that is no decoration has an empty alt", image);
  for (const image of all("svg, canvas")) if (image.getAttribute("aria-hidden") !== "true" && (image.getAttribute("role") !== "img" || !label(image))) fault("alt", "a drawing without role and name", image);
  for (const field of all("input, select, textarea, audio, video, progress:not([aria-hidden=true])")) if (field.type !== "hidden" && !label(field)) fault("labels", "a field without a label", field);
  for (const button of all("button, [role=button], summary")) if (!name(button)) fault("names", "a button without a name", button);
  for (const link of all("a[href]")) if (!name(link)) fault("names", "a link without a name", link);
  for (const frame of all("fieldset")) if (!frame.querySelector("legend")?.textContent.trim()) fault("labels", "a group without a legend", frame);

  // ---- Ids and what refers to them.
  const ids = all("[id]").map((element) => element.id);
  for (const id of new Set(ids.filter((one, at) => ids.indexOf(one) !== at))) fault("ids", `'${id}' is there twice`);
  for (const attribute of ["aria-labelledby", "aria-describedby", "aria-controls", "for"]) {
    for (const element of all(`[${attribute}]`)) for (const id of referenced(element, attribute)) if (!document.getElementById(id)) fault("ids", `${attribute} names '${id}', which is not there`, element);
  }
  for (const link of all("a[href^='#']:not([href^='#?'])")) if (link.hash.length > 1 && !document.getElementById(decodeURIComponent(link.hash.slice(1)))) fault("ids", "a link that leads nowhere", link);
  for (const link of all("a[href^='http']")) if (!link.relList.contains("noreferrer")) fault("policy", "a link that says where it comes from", link);

  // ---- Tables and lists.
  for (const table of all("table")) {
    if (!table.caption && !label(table)) fault("tables", "a table without a name", table);
    if (!table.querySelector("th")) fault("tables", "a table without headings", table);
    for (const heading of table.querySelectorAll("th")) if (!heading.scope) fault("tables", "a heading without a scope", heading);
    const columns = table.tHead?.rows[0]?.cells.length;
    for (const row of table.rows) if (columns && row.cells.length !== columns) fault("tables", `a row of ${row.cells.length} cells below ${columns} headings`, row);
    // A column that says nothing only takes room.
    for (let column = 0; column < (columns ?? 0); column += 1) {
      const cells = [...table.tBodies].flatMap((body) => [...body.rows]).map((row) => row.cells[column]);
      if (cells.length > 0 && cells.every((cell) => cell && !text(cell) && cell.children.length === 0)) fault("tables", `an empty column '${text(table.tHead.rows[0].cells[column])}'`, table);
    }
  }
  for (const list of all("ul, ol")) for (const child of list.children) if (child.localName !== "li") fault("lists", "a child of a list that is no entry", child);

  // ---- The keyboard.
  for (const element of all("[tabindex]")) if (element.tabIndex > 0) fault("keyboard", "an element that jumps the order", element);
  for (const element of all("body *")) {
    const style = getComputedStyle(element);
    const scrolls = /auto|scroll/.test(style.overflowY + style.overflowX) && (element.scrollHeight > element.clientHeight + 1 || element.scrollWidth > element.clientWidth + 1);
    if (scrolls && shown(element) && element.tabIndex < 0) fault("keyboard", "a part that scrolls and takes no focus", element);
  }
  const controls = "a[href], button, input, select, textarea, summary, audio[controls], video[controls], [tabindex='0']";
  for (const element of all(controls)) {
    if (element.closest("[aria-hidden=true]")) fault("keyboard", "a control that is hidden from screen readers", element);
    const outer = element.parentElement?.closest("a[href], button, summary, [role=button]");
    if (outer) fault("keyboard", "a control within another", element);
  }
  for (const element of all("[role=button]")) if (element.tabIndex < 0) fault("keyboard", "a button that takes no focus", element);

  // ---- Sizes: 24 pixels, unless a line of text holds the control.
  for (const element of all("button, input:not([type=radio], [type=checkbox]), summary")) {
    const { height } = element.getBoundingClientRect();
    if (shown(element) && height > 0 && height < 24) fault("targets", `a control of ${height.toFixed(0)} pixels`, element);
  }

  // ---- Contrast: 4.5 for text, 3 for large text and for the edges of fields.
  const parse = (color) => {
    const [red, green, blue, alpha = 1] = (color.match(/[\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
    return [red, green, blue, alpha];
  };
  const over = (top, bottom) => [0, 1, 2].map((at) => top[at] * top[3] + bottom[at] * (1 - top[3])).concat(1);
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.push(parse(getComputedStyle(at).backgroundColor));
    const canvas = matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18, 1] : [255, 255, 255, 1];
    return layers.reverse().reduce((bottom, top) => over(top, bottom), canvas);
  };
  const light = (color) => {
    const [red, green, blue] = color.slice(0, 3).map((part) => (part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (one, other) => {
    const [high, low] = [light(one), light(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  for (const element of all("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !shown(element) || element.matches("script, title") || element.closest(".hidden")) continue;
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    const ground = behind(element);
    const found = contrast(over(parse(style.color), ground), ground);
    if (found < least) fault("contrast", `text of ${found.toFixed(2)}, not ${least}`, element);
  }
  for (const element of all("button, input:not([type=range], [type=radio])")) {
    if (!shown(element)) continue;
    const edge = contrast(parse(getComputedStyle(element).borderTopColor), behind(element.parentElement));
    const inside = contrast(behind(element), behind(element.parentElement));
    if (Math.max(edge, inside) < 3) fault("contrast", `an edge of ${edge.toFixed(2)}, not 3`, element);
  }
  return [...new Set(faults)];
})()
