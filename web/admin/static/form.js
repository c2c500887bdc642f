// Comfort for the form of an agent: without it everything can be written by hand.

const days = [...document.querySelectorAll("[data-weekday]")];
const zone = document.getElementById("zone");

function button(words, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "text-button";
  made.textContent = words;
  made.addEventListener("click", act);
  return made;
}

// Another pair of times, empty, at the end of a day.
function more(day) {
  const spans = day.querySelector(".spans");
  const added = spans.lastElementChild.cloneNode(true);
  for (const input of added.querySelectorAll("input")) {
    input.value = "";
    input.removeAttribute("aria-invalid");
  }
  spans.append(added);
  return added;
}

function copy(from, to) {
  const given = [...from.querySelectorAll(".span")];
  while (to.querySelectorAll(".span").length < given.length) more(to);
  [...to.querySelectorAll(".span")].forEach((span, number) => {
    const values = [...(given[number]?.querySelectorAll("input") ?? [])].map((input) => input.value);
    span.querySelectorAll("input").forEach((input, end) => { input.value = values[end] ?? ""; });
  });
}

for (const day of days) day.append(button("More", () => more(day).querySelector("input").focus()));
days[0].append(button("Copy to Tuesday–Friday", () => days.slice(1, 5).forEach((day) => copy(days[0], day))));

if (!zone.value) zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
