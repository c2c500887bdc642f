// Logging out, in all tabs of this browser: the login is the browser's, and so is its end.

import { byId } from "./dom.js";

const FAILED = "You are still logged in, for the chat does not answer. Try again.";

/** Watch the form, and what other tabs say; `onProblem` is told when it did not work. */
export function watchLogout(onProblem) {
  const tabs = new BroadcastChannel("chat.logout");
  const leave = () => location.assign("/login");
  tabs.addEventListener("message", leave);
  byId("logout").addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const answer = await fetch("/logout", { method: "POST", redirect: "manual" });
      if (answer.type !== "opaqueredirect") throw new Error(`status ${answer.status}`);
    } catch (error) {
      console.warn("logging out failed", error);
      onProblem(FAILED);
      return;
    }
    // Only now: another tab must not come to the login page with the login still there.
    tabs.postMessage("logged out");
    leave();
  });
}
