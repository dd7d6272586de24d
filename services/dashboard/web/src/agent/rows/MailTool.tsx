// Mail through a tool: what the agent sent, or what it took from its inbox, as readable messages.
import { mailTool, type ToolRow } from "../../state/rows";
import { LongText } from "../../messages/LongText";
import { Who } from "../../messages/Who";
import { taken } from "./taken";

export function MailTool({ row }: { row: ToolRow }) {
  const { result, input } = row;
  if (mailTool(row.tool) !== "recv") {
    return (
      <>
        <div class="mail-body"><LongText id={row.id} text={String(input.body ?? input.question ?? input.answer ?? "")} /></div>
        {result?.failed && <p class="plain small bad">{result.text.slice(0, 600)}</p>}
      </>
    );
  }
  if (!result) return <p class="dim plain">waiting for mail…</p>;
  const list = result.failed ? null : taken(result.text);
  if (!list) return <div class="mail-body"><LongText id={row.id} text={result.text} /></div>;
  if (list.length === 0) return <p class="dim plain">no mail</p>;
  return (
    <>
      {list.map((message, i) => (
        <div class="mail-body" key={message.id ?? i}>
          <p class="mail-from"><Who name={message.sender} /> {message.id !== null && <a class="dim" href={`/messages?m=${message.id}`}>#{message.id}</a>}</p>
          <LongText id={`${row.id}/${i}`} text={message.body} />
        </div>
      ))}
    </>
  );
}
