/**
 * A real calendar server beside ours: Radicale, which `npm run radicale` puts into the checkout.
 *
 * @module
 */
export { askCalendar, type CalendarReply } from "./calendar-http.js";
export { type CalendarLabOptions, type CalendarLabResult, type CalendarLabRow, calendarLab } from "./calendar-lab.js";
export { type CalendarServer, type CalendarServerOptions, startCalendarServer } from "./calendar-server.js";
