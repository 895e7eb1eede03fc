import { defineConfig } from "vite";
import vue from "@vitejs/plugin-vue";

export default defineConfig({
  plugins: [vue({ template: { compilerOptions: { isCustomElement: (tag) => tag === "more-like-this" } } })],
  // Vite's development server would move the package away from its worker.
  optimizeDeps: { exclude: ["lookalike"] },
});
