using System;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Threading;

namespace Telelaunch.StartupHook;

/// <summary>Who of the application's own code is on the stack: its method, and file and line where there are symbols.</summary>
/// <remarks>
/// A walk of the stack costs more than the event that asks for it. So there are so many in a second and no more; and what a place in the code is called, which
/// may mean to read symbols, is found out once.
/// </remarks>
internal static class UserFrame
{
    private const int WalksPerSecond = 100;
    private const int MaximumPlaces = 4096;

    private static readonly ConcurrentDictionary<Assembly, bool> s_isFramework = new();
    private static readonly ConcurrentDictionary<(MethodBase, int), string> s_places = new();
    private static long s_second;
    private static int s_walks;

    /// <returns>Null: none is on this stack, or there were too many walks in this second.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static string? Find()
    {
        if (!MayWalk())
            return null;
        var stack = new StackTrace(1, false);
        for (int i = 0; i < stack.FrameCount; i++)
        {
            StackFrame frame = stack.GetFrame(i);
            if (frame.GetMethod() is { } method && !IsFramework(method))
                return s_places.TryGetValue((method, frame.GetILOffset()), out string? known) ? known : Name(i, method, frame.GetILOffset());
        }

        return null;
    }

    private static bool MayWalk()
    {
        long second = Moment.Stamp() / Stopwatch.Frequency;
        if (Interlocked.Exchange(ref s_second, second) != second)
            Interlocked.Exchange(ref s_walks, 0);
        return Interlocked.Increment(ref s_walks) <= WalksPerSecond;
    }

    private static bool IsFramework(MethodBase method) =>
        method.Module.Assembly is { } assembly && s_isFramework.GetOrAdd(assembly, static assembly =>
        {
            string name = assembly.GetName().Name ?? "";
            return name == "System" || name == "netstandard" || name == "mscorlib"
                || name.StartsWith("System.", StringComparison.Ordinal) || name.StartsWith("Microsoft.", StringComparison.Ordinal)
                || assembly == typeof(UserFrame).Assembly;
        });

    // Both count their own frame.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static string Name(int index, MethodBase method, int offset)
    {
        // One frame more: this method's own.
        StackFrame frame = new StackTrace(2, true).GetFrame(index);
        string name = MethodName.Of(method);
        if (frame?.GetFileName() is { Length: > 0 } file && frame.GetFileLineNumber() > 0)
            name = string.Format(CultureInfo.InvariantCulture, "{0} ({1}:{2})", name, Path.GetFileName(file), frame.GetFileLineNumber());
        if (s_places.Count < MaximumPlaces)
            s_places[(method, offset)] = name;
        return name;
    }
}
