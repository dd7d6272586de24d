// Composition root: styles, clock, router, session, then the shell.
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/fleet.css";
import "./styles/messages.css";
import "./styles/agent.css";
import "./styles/decisions.css";
import "./styles/review.css";
import "./styles/infra.css";
import { render } from "preact";
import { App } from "./App";
import { startClock } from "./state/clock";
import { applyTheme } from "./state/prefs";
import { startRouter } from "./state/route";
import { startSession } from "./state/session";
import { watchConnection } from "./state/stream";
import { startTitle } from "./state/title";

applyTheme();
startClock();
startRouter();
startTitle();
watchConnection();
startSession();
render(<App />, document.getElementById("page") as HTMLElement);
