import { defineConfig } from "vite";
import react from "@vitejs/plugin-react";

export default defineConfig({
  plugins: [react()],
  // Vite's development server would move the package away from its worker.
  optimizeDeps: { exclude: ["lookalike"] },
});
