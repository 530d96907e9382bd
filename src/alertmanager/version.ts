/** The version of Alertmanager whose behaviour this is: what amtool compares itself with. */
export const ALERTMANAGER_VERSION = "0.33.1";
