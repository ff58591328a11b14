using System;
using System.Text;
using System.Threading;

namespace Telelaunch.StartupHook;

/// <summary>The one line that a process may get from the hook on standard error.</summary>
internal static unsafe class Diagnosis
{
    private const int StandardError = 2;

    private static int s_isSaid;

    /// <summary>Says it, unless something was said before.</summary>
    internal static void Say(string cause)
    {
        if (Interlocked.Exchange(ref s_isSaid, 1) != 0)
            return;
        // Not by System.Console, which would be set up before the application can.
        byte[] line = Encoding.UTF8.GetBytes($"telelaunch: {cause.Replace('\n', ' ')}\n");
        fixed (byte* bytes = line)
            Libc.write(StandardError, bytes, (nuint)line.Length);
    }

    /// <summary>Says it, if that is possible at all.</summary>
    internal static void TrySay(string cause)
    {
        try
        {
            Say(cause);
        }
        catch (Exception)
        {
            // Without libc there is nobody to tell, and nothing that may stop the application.
        }
    }

    /// <summary>What an errno of the control socket means for the session.</summary>
    internal static string Explain(int errno) => errno switch
    {
        2 or 20 => "its session directory is gone (ENOENT)",
        111 => "its session has ended (ECONNREFUSED)",
        11 => "its broker doesn't answer (EAGAIN)",
        13 => "its session belongs to somebody else (EACCES)",
        36 => "the path of its session directory is too long (ENAMETOOLONG)",
        _ => $"errno {errno}",
    };
}
