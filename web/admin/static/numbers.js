// Keeps the numbers fresh without a reload, while the page is looked at. All words are the server's.

const SECONDS = 5;
const live = document.getElementById("live");

function put(place, cell) {
  const [words, note] = [place.querySelector("span"), place.querySelector("small")];
  if (words.textContent !== cell.words) words.textContent = cell.words;
  if (note.textContent !== cell.note) note.textContent = cell.note;
  place.dataset.tone = cell.tone;
}

// A status that is set again is read out again: only what changed is said.
function say(words, tone) {
  live.dataset.tone = tone;
  if (live.textContent !== words) live.textContent = words;
}

async function refresh() {
  if (document.hidden) return;
  try {
    const response = await fetch("/admin/numbers", { signal: AbortSignal.timeout(SECONDS * 1000) });
    if (response.status === 401) return location.assign("/admin/login");
    if (!response.ok) throw new Error(`status ${response.status}`);
    const answer = await response.json();
    for (const place of document.querySelectorAll("[data-cell]")) {
      const cell = answer.cells[place.dataset.cell];
      if (cell) put(place, cell);
    }
    say(answer.live.words, answer.live.tone);
  } catch {
    say("The broker does not answer: the numbers shown are of earlier.", "bad");
  }
}

setInterval(refresh, SECONDS * 1000);
document.addEventListener("visibilitychange", refresh);
