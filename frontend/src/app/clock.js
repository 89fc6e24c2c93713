/** Hour and minute of the country, wherever the browser stands: 18:57. */
export const hourOf = (date) => date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Shanghai" });
