/** Which texts an element speaks: those of its language, or English while they cannot be loaded. */
/** @import { Attributes } from "./attributes.js" */
import { Texts, languageOf, textsOf } from "./texts.js";

/** @param {Attributes} host @param {(texts: Texts) => unknown} onTexts @param {(error: unknown) => void} onFault */
export function speakerOf(host, onTexts, onFault) {
  /** The latest of these is spoken. @type {Texts | Promise<Texts> | undefined} */
  let wanted;
  const speaker = {
    texts: new Texts("en"),
    /** Done once the language that was asked for last is spoken. @type {Promise<unknown>} */
    spoken: Promise.resolve(),
    speak() {
      const asked = (wanted = textsOf(languageOf(host), host.texts));
      /** @param {Texts} texts */
      const say = (texts) => wanted === asked && onTexts((speaker.texts = texts));
      /** English is better than silence. @param {unknown} error */
      const english = (error) => {
        if (wanted === asked) onFault(error);
        return say(new Texts("en", {}, host.texts));
      };
      speaker.spoken = Promise.resolve(asked instanceof Promise ? asked.then(say, english) : say(asked)).catch(onFault);
    },
  };
  return speaker;
}
