// The forms of the bottom sheet: a place, a contact, an order, the answer to a Flow, new words for an old text.
// A form comes out; what was filled in is told to `done` as an action of the control API.

import { make } from "./dom.js";

const HERE = { latitude: "-23.561400", longitude: "-46.655900" };

/** A form of labelled fields [{ name, label, value, required, type, step }]. */
function form(fields, button, done) {
  const element = make("form", "sheet-form");
  for (const field of fields) element.append(labelled(field));
  const problem = make("p", "problem", "", { role: "alert" });
  problem.hidden = true;
  element.append(problem, make("button", "button button-main", button, { type: "submit", "data-testid": "form-send" }));
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(element));
    for (const name of Object.keys(values)) values[name] = values[name].trim();
    try {
      done(values, element);
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
    }
  });
  return element;
}

function labelled({ name, label, value = "", required = false, type = "text", step, pattern, wide }) {
  const field = make("label", wide ? "field field-wide" : "field");
  const input = make(type === "area" ? "textarea" : "input", "", "", { name, "data-testid": `field-${name}` });
  if (type !== "area") input.type = type;
  if (step) input.step = step;
  if (pattern) input.pattern = pattern;
  input.value = value;
  input.required = required;
  input.autocomplete = "off";
  field.append(make("span", "", label), input);
  return field;
}

export function locationForm(done) {
  const fields = [
    { name: "latitude", label: "Latitude", value: HERE.latitude, required: true, type: "number", step: "any" },
    { name: "longitude", label: "Longitude", value: HERE.longitude, required: true, type: "number", step: "any" },
    { name: "name", label: "Name of the place, if it is one", wide: true },
    { name: "address", label: "Address", wide: true },
  ];
  const element = form(fields, "Send location", ({ latitude, longitude, name, address }) => {
    const place = { latitude: Number(latitude), longitude: Number(longitude) };
    if (name) place.name = name;
    if (address) place.address = address;
    done({ type: "location", location: place });
  });
  element.classList.add("sheet-form-pairs");
  if (navigator.geolocation) element.prepend(hereButton(element));
  return element;
}

function hereButton(element) {
  const button = make("button", "button", "Where this computer is", { type: "button" });
  button.addEventListener("click", () => {
    button.disabled = true;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        button.disabled = false;
        element.elements.latitude.value = coords.latitude.toFixed(6);
        element.elements.longitude.value = coords.longitude.toFixed(6);
      },
      () => {
        button.textContent = "This computer does not tell where it is";
      },
    );
  });
  return button;
}

export function contactForm(done) {
  const fields = [
    { name: "name", label: "Name", required: true },
    { name: "phone", label: "Phone", type: "tel", required: true },
    { name: "email", label: "E-mail", type: "email" },
    { name: "company", label: "Company" },
  ];
  return form(fields, "Send contact", ({ name, phone, email, company }) => {
    const [first, ...others] = name.split(/\s+/);
    const card = { name: { formatted_name: name, first_name: first }, phones: [{ phone, type: "CELL" }] };
    if (others.length) card.name.last_name = others.join(" ");
    const digits = phone.replace(/\D/g, "");
    if (phone.startsWith("+")) card.phones[0].wa_id = digits;
    if (email) card.emails = [{ email, type: "HOME" }];
    if (company) card.org = { company };
    done({ type: "contacts", contacts: [{ ...card, origin: "other" }] });
  });
}

export function orderForm(done) {
  const fields = [
    { name: "item", label: "Article number", value: "sku-1", required: true },
    { name: "quantity", label: "Quantity", value: "1", required: true, type: "number", step: "1" },
    { name: "price", label: "Price of one", value: "9.90", required: true, type: "number", step: "any" },
    { name: "currency", label: "Currency", value: "BRL", required: true, pattern: "[A-Z]{3}" },
    { name: "text", label: "Note", wide: true },
  ];
  const element = form(fields, "Send order", ({ item, quantity, price, currency, text }) => {
    const line = { product_retailer_id: item, quantity: Number(quantity), item_price: Number(price), currency };
    const action = { type: "order", order: { catalog_id: "194836987003835", product_items: [line] } };
    if (text) action.text = text;
    done(action);
  });
  element.classList.add("sheet-form-pairs");
  return element;
}

/** The form of a Flow: one field for each piece of data its first screen was given, and as many more as wanted. */
export function flowForm(parameters, done) {
  const start = parameters.flow_action_payload ?? {};
  const names = Object.keys(start.data ?? {});
  const fields = (names.length ? names : ["answer"]).map((name) => ({
    name: `flow_${name}`,
    label: name,
    value: typeof start.data?.[name] === "string" ? start.data[name] : "",
  }));
  const about = [parameters.flow_id ?? parameters.flow_name, start.screen].filter(Boolean).join(" · ");
  const element = form(fields, "Finish", (values) => {
    const response = parameters.flow_token ? { flow_token: parameters.flow_token } : {};
    for (const [name, value] of Object.entries(values)) {
      if (name.startsWith("flow_")) response[name.slice("flow_".length)] = value;
    }
    done({ type: "flow_reply", response });
  });
  element.prepend(make("p", "sheet-note", `Flow ${about}: what is filled in here is answered as JSON.`));
  element.querySelector(".problem").before(moreFields(element));
  return element;
}

function moreFields(element) {
  const adding = make("div", "more-fields");
  const name = make("input", "", "", { "aria-label": "Name of another field", placeholder: "Name of another field" });
  const button = make("button", "button", "Add field", { type: "button" });
  button.addEventListener("click", () => {
    const wanted = name.value.trim();
    if (!wanted || element.elements[`flow_${wanted}`]) return;
    const field = labelled({ name: `flow_${wanted}`, label: wanted });
    adding.before(field);
    name.value = "";
    field.querySelector("input").focus();
  });
  adding.append(name, button);
  return adding;
}

export function editForm(text, done) {
  return form([{ name: "text", label: "New words", value: text, required: true, type: "area" }], "Change", (values) =>
    done(values.text),
  );
}

/** What a user may send that the API cannot tell. */
export function unsupportedForm(done) {
  const kinds = ["poll_creation", "pin", "gif", "group_invite", "keep_in_chat", "none"];
  const element = form([], "Send", ({ kind }) => {
    done(kind === "none" ? { type: "unsupported", error: 131060 } : { type: "unsupported", unsupported_type: kind });
  });
  const select = make("select", "", "", { name: "kind" });
  for (const kind of kinds) select.append(make("option", "", kind === "none" ? "unavailable (131060)" : kind, { value: kind }));
  const field = make("label", "field");
  field.append(make("span", "", "What the business gets no content of"), select);
  element.prepend(field);
  return element;
}
