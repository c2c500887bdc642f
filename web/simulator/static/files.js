// Files as WhatsApp sends them: photos as JPEG, stickers as WebP of 512 points, everything else as it is.
// A file of the person comes in, an action of the control API goes out.

import { putFile } from "./dom.js";

const PHOTOS = ["image/jpeg", "image/png"];
const VIDEOS = ["video/mp4", "video/3gpp"];
const STICKER_POINTS = 512;
const PHOTO_POINTS = 2560;
const QUALITY = 0.85;

/** Ask for a file; resolves to null when the person changes their mind. */
export function askForFile(accept) {
  return new Promise((resolve) => {
    const input = document.createElement("input");
    input.type = "file";
    input.accept = accept;
    input.dataset.testid = "file";
    input.hidden = true;
    document.body.append(input);
    const answer = (file) => {
      input.remove();
      resolve(file);
    };
    input.addEventListener("change", () => answer(input.files[0] ?? null));
    input.addEventListener("cancel", () => answer(null));
    input.click();
  });
}

/** A photo or a video; what WhatsApp has no video format for goes as a document. */
export async function photoOrVideo(file, caption) {
  const action = caption ? { caption } : {};
  if (file.type.startsWith("image/")) {
    const photo = PHOTOS.includes(file.type) ? file : await redrawn(file, "image/jpeg", PHOTO_POINTS, false);
    const medium = await putFile(photo, photo.type);
    return { type: "image", media_id: medium.id, ...action };
  }
  if (!VIDEOS.includes(file.type)) return documentOf(file, caption);
  const medium = await putFile(file, file.type);
  return { type: "video", media_id: medium.id, ...action };
}

export async function documentOf(file, caption) {
  const medium = await putFile(file, file.type || "application/octet-stream", { filename: file.name });
  return { type: "document", media_id: medium.id, filename: file.name, ...(caption ? { caption } : {}) };
}

export async function stickerOf(file) {
  const picture = file.type === "image/webp" ? file : await redrawn(file, "image/webp", STICKER_POINTS, true);
  const medium = await putFile(picture, picture.type);
  return { type: "sticker", media_id: medium.id };
}

export async function audioOf(file, voice) {
  const medium = await putFile(file, file.type || "audio/ogg", { voice });
  return { type: "audio", media_id: medium.id, voice };
}

async function redrawn(file, type, points, square) {
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    throw new Error(`${file.name} is no picture this browser can read`);
  }
  const scale = square ? points / Math.max(picture.width, picture.height) : Math.min(1, points / picture.width);
  const [width, height] = [Math.round(picture.width * scale), Math.round(picture.height * scale)];
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = square ? [points, points] : [width, height];
  canvas.getContext("2d").drawImage(picture, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
  return new Promise((resolve) => canvas.toBlob(resolve, type, QUALITY));
}
