/** An operation as its page's .graphql file says it; the types of its data and variables travel with it. */
export type Operation<Data, Variables> = {
  readonly name: string;
  readonly text: string;
  readonly types?: (variables: Variables) => Data;
};

export function operation<Data, Variables>(name: string, text: string): Operation<Data, Variables> {
  return { name, text };
}
