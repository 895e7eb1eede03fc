/** How a photo comes in: chosen with a button, dropped anywhere on the page, or pasted. */
import { all, one } from "./page.js";

/** @param {(photo: File) => void} onPhoto */
export function receivePhotos(onPhoto) {
  const input = one("#file", HTMLInputElement);
  for (const button of all(".choose")) button.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    const photo = input.files?.[0];
    // So that the same photo can be chosen once more.
    input.value = "";
    if (photo) onPhoto(photo);
  });

  const veil = one("#drop");
  addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    veil.hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) veil.hidden = true;
  });
  /** @param {Event} event @param {DataTransfer | null} data */
  const take = (event, data) => {
    veil.hidden = true;
    const file = data?.files[0];
    if (!file || event.defaultPrevented) return;
    event.preventDefault();
    onPhoto(file);
  };
  addEventListener("drop", (event) => take(event, event.dataTransfer));
  addEventListener("paste", (event) => take(event, event.clipboardData));
}
