// The few things the page needs to make elements. Text goes in as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  alert: "M12 3.500 2.500 20h19L12 3.500zM12 10v4.500M12 17.400v.1",
  back: "M15 5l-7 7 7 7",
  bubbles: "M4 5h11a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2H9l-4 3.500V15H4a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2zM20 9.500a2 2 0 0 1 2 2V16a2 2 0 0 1-2 2h-.5v3L16 18h-3",
  clip: "M20 11.500l-8.200 8.200a5 5 0 0 1-7.100-7.100L13 4.300a3.400 3.400 0 0 1 4.800 4.800l-8.300 8.300a1.700 1.700 0 0 1-2.400-2.400L14.500 7.600",
  check: "M5 12.500l4.500 4.500L19 7",
  checks: "M2 12.500l4.500 4.500L15 7M11.500 16l1 1L22 7",
  clock: "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM12 7.500V12l3 2",
  close: "M6 6l12 12M18 6L6 18",
  down: "M12 5v13M6.500 12.500 12 18l5.500-5.500",
  file: "M6 3h8l5 5v13H6V3zM14 3v5h5",
  leave: "M10 4H5v16h5M15 8l4 4-4 4M19 12H9",
  list: "M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01",
  hand: "M4 12h15M12.500 5.500 19 12l-6.500 6.500",
  lock: "M6 11h12v9H6v-9zM8.500 11V8a3.500 3.500 0 0 1 7 0v3",
  mic: "M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM5.500 11.500a6.500 6.500 0 0 0 13 0M12 18v3",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.500 20.500c.6-3.800 3.700-6 7.500-6s6.900 2.200 7.500 6",
  photo: "M4 5h16v14H4V5zM4 16l5-5 4 4 3-3 4 4M15.500 9h.01",
  pin: "M12 21s7-6.300 7-11.500a7 7 0 0 0-14 0C5 14.700 12 21 12 21zM12 12a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5z",
  plus: "M12 5v14M5 12h14",
  reply: "M10 6l-6 6 6 6M4 12h9a7 7 0 0 1 7 7",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16.500 16.500 21 21",
  send: "M4 12h8M4 4.500 21 12 4 19.500 6 12 4 4.500z",
  smile: "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM8.500 14c1.800 2.400 5.200 2.400 7 0M9 9.500h.01M15 9.500h.01",
  video: "M3 6h12v12H3V6zM15 10.500l6-3.500v10l-6-3.500",
};

export const byId = (id) => document.getElementById(id);

/** An element with properties (`class`, `data`, `on`, attributes) and children; texts become text nodes. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") element.className = value;
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

/** A decorative icon. */
export function icon(name) {
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("viewBox", "0 0 24 24");
  picture.setAttribute("class", "icon");
  picture.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  picture.append(path);
  return picture;
}

/** Put icons where the page's HTML names them. */
export function drawIcons() {
  for (const place of document.querySelectorAll("[data-icon]")) place.append(icon(place.dataset.icon));
}

/** Text with its web addresses as links; everything else stays text. */
export function linked(text) {
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(/https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]]/g)) {
    parts.push(text.slice(end, found.index));
    parts.push(make("a", { href: found[0], target: "_blank", rel: "noopener noreferrer" }, found[0]));
    end = found.index + found[0].length;
  }
  parts.push(text.slice(end));
  return parts;
}

/** Make an element's children exactly these, moving and replacing no node that is right already. */
export function reconcile(parent, wanted) {
  const keep = new Set(wanted);
  for (const child of [...parent.childNodes]) if (!keep.has(child)) child.remove();
  let place = parent.firstChild;
  for (const child of wanted) {
    if (child === place) place = place.nextSibling;
    else parent.insertBefore(child, place);
  }
}
