/** Light or dark: as the system has it, or as was chosen in this browser. */
import { useEffect, useState } from "preact/hooks";
import { useStored } from "./hooks.js";

/** @returns the choice, how to make another, and whether colours are dark now; the document shows them. */
export function useTheme(): readonly [theme: string, setTheme: (theme: string) => void, isDark: boolean] {
  const [theme, setTheme] = useStored("theme", "auto");
  const [isSystemDark, setSystemDark] = useState(() => matchMedia("(prefers-color-scheme: dark)").matches);
  const isDark = theme === "dark" || (theme === "auto" && isSystemDark);
  useEffect(() => {
    const query = matchMedia("(prefers-color-scheme: dark)");
    const change = (): void => setSystemDark(query.matches);
    query.addEventListener("change", change);
    return () => query.removeEventListener("change", change);
  }, []);
  useEffect(() => {
    document.documentElement.dataset["theme"] = isDark ? "dark" : "light";
  }, [isDark]);
  return [theme, setTheme, isDark];
}

export function Theme({ value, onChange }: { value: string; onChange: (theme: string) => void }) {
  return (
    <label class="choice">
      <span class="hidden">Theme</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="auto">Auto</option>
        <option value="light">Light</option>
        <option value="dark">Dark</option>
      </select>
    </label>
  );
}
