// Records a voice note with the microphone.
// Nothing comes in but the person's voice; out goes a file of the best kind the browser can make.

const KINDS = ["audio/ogg;codecs=opus", "audio/webm;codecs=opus", "audio/mp4"];

/** Start recording; throws an Error a person understands when there is no microphone to be had. */
export async function record() {
  const type = KINDS.find((kind) => globalThis.MediaRecorder?.isTypeSupported(kind));
  if (!type || !navigator.mediaDevices) throw new Error("This browser cannot record. Attach an audio file instead.");
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  } catch {
    throw new Error("No microphone, or no leave to use it. Attach an audio file instead.");
  }
  const recorder = new MediaRecorder(stream, { mimeType: type });
  const pieces = [];
  recorder.addEventListener("dataavailable", ({ data }) => pieces.push(data));
  const ended = new Promise((resolve) => recorder.addEventListener("stop", resolve));
  recorder.start();
  return {
    startedAt: performance.now(),
    /** Stop, and resolve to the file. */
    async stop() {
      recorder.stop();
      await ended;
      for (const track of stream.getTracks()) track.stop();
      return new Blob(pieces, { type });
    },
  };
}
