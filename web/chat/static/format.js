// How times, people and messages are put into words.

const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat([], { weekday: "long" });
const shortDay = new Intl.DateTimeFormat([], { day: "2-digit", month: "2-digit" });
const longDay = new Intl.DateTimeFormat([], { weekday: "long", day: "numeric", month: "long", year: "numeric" });

const startOfDay = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());
const daysAgo = (seconds, now) => Math.round((startOfDay(new Date(now * 1000)) - startOfDay(new Date(seconds * 1000))) / 86400000);

export const timeOfDay = (seconds) => clock.format(new Date(seconds * 1000));

export function dayName(seconds, now) {
  const ago = daysAgo(seconds, now);
  if (ago <= 0) return "Today";
  if (ago === 1) return "Yesterday";
  return (ago < 7 ? weekday : longDay).format(new Date(seconds * 1000));
}

export const dayKey = (seconds) => new Date(seconds * 1000).toDateString();

export function listTime(seconds, now) {
  const ago = daysAgo(seconds, now);
  if (ago <= 0) return timeOfDay(seconds);
  if (ago === 1) return "Yesterday";
  return (ago < 7 ? weekday : shortDay).format(new Date(seconds * 1000));
}

/** Time left, as "23 h 05 min", "14 min" or "40 s". */
export function timeLeft(seconds) {
  const left = Math.max(0, Math.floor(seconds));
  const minutes = Math.floor(left / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
  return minutes > 0 ? `${minutes} min` : `${left} s`;
}

export const numberOf = (conversation) => {
  const phone = conversation.phone || conversation.waID || "";
  return /^\d{6,}$/.test(phone) ? `+${phone}` : phone;
};

export const nameOf = (conversation) => conversation.name || numberOf(conversation) || "Unknown";

/** Up to two letters for the round face. */
export function initials(conversation) {
  if (!conversation.name) return "#";
  const words = conversation.name.trim().split(/\s+/);
  const letters = [words[0], words.length > 1 ? words[words.length - 1] : ""].map((word) => [...word][0] ?? "");
  return letters.join("").toUpperCase();
}

/** A number from 0 to 7 that stays with a user. */
export function hue(user) {
  let sum = 0;
  for (const letter of user) sum = (sum * 31 + letter.codePointAt(0)) % 9973;
  return sum % 8;
}

export const KINDS = {
  image: ["photo", "Photo"],
  video: ["video", "Video"],
  audio: ["mic", "Audio"],
  document: ["file", "Document"],
  sticker: ["smile", "Sticker"],
  location: ["pin", "Location"],
  contacts: ["person", "Contact"],
  reaction: ["smile", "Reaction"],
  list: ["list", "List"],
  list_reply: ["list", "Chosen from the list"],
  button_reply: ["reply", "Tapped a button"],
};

/** The last line of a conversation: an icon's name, or none, and a text. */
export function preview(conversation) {
  const kind = KINDS[conversation.last_type];
  const text = conversation.last_text || "";
  if (!kind) return [null, text];
  return [kind[0], conversation.last_type === "list_reply" || !text ? kind[1] : text];
}

export const TICKS = {
  pending: ["clock", "Being sent"],
  queued: ["clock", "On its way"],
  sent: ["check", "Sent"],
  delivered: ["checks", "Delivered"],
  read: ["checks", "Read"],
  played: ["checks", "Played"],
  failed: ["alert", "Not sent"],
  doubt: ["alert", "Not certain"],
};

const LOST_SECONDS = 60;

/** The tick a message shows now. */
export function tickOf(message, now) {
  if (message.error) return ["waiting", "in_doubt"].includes(message.error.verdict) ? "doubt" : "failed";
  if (message.tick) return message.tick;
  const since = message.attempt_at ?? message.at;
  return !message.local && now - since > LOST_SECONDS ? "doubt" : "pending";
}

/** Why a message needs attention, in words; empty when it does not. */
export function reasonOf(message, now) {
  const error = message.error;
  if (!error) return tickOf(message, now) === "doubt" ? "Nobody confirmed that it was sent" : "";
  if (error.verdict === "waiting") return "Still waiting to be handed over";
  if (error.verdict === "in_doubt") return "It is not known whether this arrived";
  return error.reason;
}
