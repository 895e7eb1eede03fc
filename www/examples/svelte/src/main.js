import { mount } from "svelte";
import "lookalike";
import App from "./App.svelte";

mount(App, { target: document.querySelector("#app") });
