// An address that leads nowhere.
export function Missing({ what }: { what: string }) {
  return (
    <div class="empty">
      <h2>Nothing here</h2>
      <p>{what}</p>
      <a class="btn" href="/">To the fleet</a>
    </div>
  );
}
