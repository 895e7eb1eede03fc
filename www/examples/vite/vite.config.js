import { defineConfig } from "vite";

export default defineConfig({
  // Vite's development server would move the package away from its worker.
  optimizeDeps: { exclude: ["lookalike"] },
});
