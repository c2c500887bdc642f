// What can be done with a message on the phone: react, reply, forward; with one's own text also edit and delete.
// A phone and a message come in, the rows of its menu go out.

const SIGNS = ["👍", "❤️", "😂", "😮", "😢", "🙏"];

export function messageOptions(phone, message) {
  const { wamid, direction, type } = message;
  const mine = phone.reactions.get(wamid)?.out ?? "";
  const who = direction === "out" ? "You" : phone.business.name;
  const rows = [
    { name: "reply", symbol: "reply", label: "Reply", act: () => phone.composer.quote(message, who) },
    { name: "forward", symbol: "forward", label: "Forward to the business", act: () => forward(phone, message, {}) },
    {
      name: "forward-often",
      symbol: "forward",
      label: "Forward as sent many times",
      act: () => forward(phone, message, { frequently_forwarded: true }),
    },
  ];
  if (direction === "out" && type === "text") {
    rows.push({ name: "edit", symbol: "pencil", label: "Edit", act: () => phone.edit(message, phone.text) });
  }
  if (direction === "out") {
    const act = () => phone.send({ type: "revoke", message_id: wamid });
    rows.push({ name: "delete", symbol: "trash", label: "Delete for everyone", act });
  }
  const emoji = SIGNS.map((sign) => ({
    sign,
    chosen: sign === mine,
    act: () => phone.send({ type: "reaction", message_id: wamid, emoji: sign === mine ? "" : sign }),
  }));
  return { rows, emoji };
}

function forward(phone, message, how) {
  phone.send({ ...contentOf(message), forwarded: true, ...how });
}

/** The content of a message as an action; what cannot be carried over goes as its text. */
function contentOf({ raw, type, text, shown }) {
  const kind = raw.type ?? type;
  const content = raw[kind];
  const [stored] = Object.values(shown.media ?? {});
  if (stored && ["image", "video", "audio", "document", "sticker"].includes(kind)) {
    const action = { type: kind, media_id: stored.id };
    for (const name of ["caption", "filename", "voice"]) if (content[name]) action[name] = content[name];
    return action;
  }
  if (kind === "location") return { type: "location", location: content };
  if (kind === "contacts") return { type: "contacts", contacts: content.map(({ origin, ...card }) => card) };
  return { type: "text", text: text || kind };
}
