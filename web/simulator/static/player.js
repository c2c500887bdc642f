// A player for sound: one button, a line to move along, and the time.
// A source comes in, an element goes out; `played` is told once, when it is started for the first time.

import { duration, icon, make } from "./dom.js";

export function player(source, label, played = () => {}) {
  const element = make("div", "player", "", { role: "group", "aria-label": label });
  const audio = make("audio", "", "", { preload: "metadata", src: source });
  const button = make("button", "player-button", "", { type: "button", "aria-label": "Play", "data-testid": "play" });
  const line = make("input", "player-line", "", { type: "range", min: "0", step: "0.1", "aria-label": "Position" });
  const time = make("span", "player-time", "0:00");
  button.append(icon("play"));
  line.max = "1";
  line.value = "0";
  const show = (playing) => {
    button.replaceChildren(icon(playing ? "pause" : "play"));
    button.setAttribute("aria-label", playing ? "Pause" : "Play");
  };
  button.addEventListener("click", () => (audio.paused ? audio.play().catch(() => show(false)) : audio.pause()));
  line.addEventListener("input", () => {
    audio.currentTime = Number(line.value);
  });
  audio.addEventListener("durationchange", () => {
    // of a file that is still coming the length is not known
    if (!Number.isFinite(audio.duration)) return;
    line.max = audio.duration;
    if (audio.paused) time.textContent = duration(audio.duration);
  });
  audio.addEventListener("timeupdate", () => {
    line.value = audio.currentTime;
    time.textContent = duration(audio.currentTime);
  });
  audio.addEventListener("play", () => show(true));
  audio.addEventListener("play", played, { once: true });
  audio.addEventListener("pause", () => show(false));
  element.append(button, line, time, audio);
  return element;
}
