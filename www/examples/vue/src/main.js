import { createApp } from "vue";
import "lookalike";
import App from "./App.vue";

createApp(App).mount("#app");
