import { defineConfig } from "vite";
import { svelte } from "@sveltejs/vite-plugin-svelte";

export default defineConfig({
  plugins: [svelte()],
  // Vite's development server would move the package away from its worker.
  optimizeDeps: { exclude: ["lookalike"] },
});
