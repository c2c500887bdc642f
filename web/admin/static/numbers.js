// Keeps the users now fresh without a reload, while the page is looked at.

const SECONDS = 5;
const live = document.getElementById("live");

function say(state, words) {
  if (live.textContent === words) return;
  live.dataset.state = state;
  live.textContent = words;
}

function show(id, users) {
  const place = document.querySelector(`[data-users="${id}"]`);
  if (place) place.textContent = users;
}

async function refresh() {
  if (document.hidden) return;
  try {
    const response = await fetch("/admin/numbers", { signal: AbortSignal.timeout(SECONDS * 1000) });
    if (response.status === 401) return location.assign("/admin/login");
    const answer = await response.json();
    if (!response.ok) return say("away", "Redis is away: the users shown are of earlier");
    for (const agent of answer.data.agents) show(agent.id, agent.users);
    show("menu", answer.data.menu);
    say("fresh", `Users now, refreshed every ${SECONDS} seconds`);
  } catch {
    say("away", "The broker does not answer: the users shown are of earlier");
  }
}

setInterval(refresh, SECONDS * 1000);
document.addEventListener("visibilitychange", refresh);
