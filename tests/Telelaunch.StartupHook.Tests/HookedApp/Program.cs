// What applications do that the tests start with the hook: one way an argument, and the exit code 7 that nobody else would give.
switch (args[0])
{
    case "greet":
        Console.WriteLine("hello from the application");
        break;
    case "variables":
        Console.WriteLine(Environment.GetEnvironmentVariable("DOTNET_STARTUP_HOOKS"));
        break;
    default:
        return 2;
}

return 7;
