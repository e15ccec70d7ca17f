using Muster.Cli;

return await MusterCommand.RunAsync(args);
