/** The choice of the time zone; a list of some hundred names. */
import { type TimeZone, timeZones } from "./time-zone.js";

export function ZoneChoice({ zone, onChange }: { zone: TimeZone; onChange: (zone: TimeZone) => void }) {
  return (
    <span class="choice">
      <select aria-label="Time zone" value={zone} onChange={(event) => onChange(event.currentTarget.value)}>
        {timeZones().map((each) => (
          <option key={each} value={each}>
            {each === "browser" ? "Local time" : each}
          </option>
        ))}
      </select>
    </span>
  );
}
