package draft

// Graphs says that scenario files can hold steps with several ways between them.
const Graphs = graphs
