// Components that render again only when a prop really changed.
import { Component, createElement, type FunctionComponent } from "preact";

export function memo<P extends object>(inner: FunctionComponent<P>): FunctionComponent<P> {
  class Memo extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      const now = this.props as Record<string, unknown>;
      const then = next as Record<string, unknown>;
      return Object.keys(then).length !== Object.keys(now).length || Object.keys(then).some((key) => then[key] !== now[key]);
    }
    override render() {
      return createElement(inner, this.props);
    }
  }
  return Memo as unknown as FunctionComponent<P>;
}
