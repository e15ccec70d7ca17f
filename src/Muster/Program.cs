using Muster.Cli;

// No pattern, whatever it is matched against, holds a thread for longer.
AppContext.SetData("REGEX_DEFAULT_MATCH_TIMEOUT", TimeSpan.FromSeconds(10));
return DoubleClick.Is(args) ? await DoubleClick.RunAsync() : await MusterCommand.RunAsync(args);
